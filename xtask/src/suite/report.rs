//! The table at the end, and what counts as a failure.

use std::fmt;
use std::time::Duration;

/// How a step ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// All that ran passed, with what has to be said about it.
    Passed(Vec<Note>),
    Skipped(String),
    /// The reason, and the end of what the step printed.
    Failed(String),
}

/// What somebody who reads only "passed" should know too.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// A test did not run, for want of something that can be installed.
    Skipped(String),
    /// The kernel or the processor cannot do what a test tries, which no installation changes.
    Impossible(String),
    /// A test failed and then passed.
    Flaky(String),
}

impl Outcome {
    pub(super) const PASSED: Self = Self::Passed(Vec::new());

    /// Adds what did not run.
    pub(super) fn without(self, missing: String) -> Self {
        match self {
            Self::Passed(mut notes) => {
                notes.push(Note::Skipped(missing));
                Self::Passed(notes)
            }
            other => other,
        }
    }
}

impl Note {
    /// A line that a test wrote about itself.
    pub(super) fn of_test(line: &str) -> Self {
        match line.strip_prefix("impossible: ") {
            Some(what) => Self::Impossible(what.to_owned()),
            None => Self::Skipped(line.to_owned()),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(what) => write!(formatter, "SKIPPED: {what}"),
            Self::Impossible(what) => write!(formatter, "not possible here: {what}"),
            Self::Flaky(what) => write!(formatter, "FLAKY: {what}"),
        }
    }
}

#[derive(Debug)]
pub(super) struct Report {
    strict: bool,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
}

impl Report {
    /// A strict report takes a skipped step, or a test skipped for want of something installable, as a failure.
    pub(super) fn new(strict: bool) -> Self {
        Self {
            strict,
            rows: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, name: &'static str, took: Duration, outcome: Outcome) {
        self.rows.push(Row { name, took, outcome });
    }

    /// Whether a step was tried here and did not pass.
    pub(super) fn lacks(&self, name: &str) -> bool {
        let row = self.rows.iter().find(|row| row.name == name);
        row.is_some_and(|row| matches!(row.outcome, Outcome::Skipped(_) | Outcome::Failed(_)))
    }

    pub(super) fn failed(&self) -> bool {
        self.rows.iter().any(|row| match &row.outcome {
            Outcome::Passed(notes) => {
                self.strict && notes.iter().any(|note| matches!(note, Note::Skipped(_)))
            }
            Outcome::Skipped(_) => self.strict,
            Outcome::Failed(_) => true,
        })
    }
}

/// Long lists first and failures last, so that whoever sees only the end sees what matters.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            row.fmt_notes(formatter)?;
        }
        writeln!(formatter, "{:10} {:>7}  result", "step", "minutes")?;
        for row in &self.rows {
            let minutes = row.took.as_secs_f64() / 60.0;
            writeln!(
                formatter,
                "{:10} {minutes:>7.1}  {}",
                row.name,
                row.outcome.words()
            )?;
        }
        let total: Duration = self.rows.iter().map(|row| row.took).sum();
        writeln!(formatter, "{:10} {:>7.1}", "together", total.as_secs_f64() / 60.0)?;
        self.rows
            .iter()
            .try_for_each(|row| row.fmt_failure(self.strict, formatter))
    }
}

impl Row {
    /// What made the run fail, if this did.
    fn fmt_failure(&self, strict: bool, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Failed(reason) => {
                let reason = reason.replace('\n', "\n    ");
                writeln!(formatter, "\n{} FAILED:\n    {reason}", self.name)
            }
            Outcome::Skipped(reason) if strict => {
                writeln!(formatter, "\n{} must not be skipped here: {reason}", self.name)
            }
            Outcome::Passed(notes) if strict => notes
                .iter()
                .filter(|note| matches!(note, Note::Skipped(_)))
                .try_for_each(|note| writeln!(formatter, "\n{} must skip nothing here: {note}", self.name)),
            Outcome::Passed(_) | Outcome::Skipped(_) => Ok(()),
        }
    }

    fn fmt_notes(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome::Passed(notes) = &self.outcome else {
            return Ok(());
        };
        for note in notes {
            writeln!(formatter, "{:10} {note}", self.name)?;
        }
        Ok(())
    }
}

impl Outcome {
    fn words(&self) -> String {
        match self {
            Self::Passed(notes) => {
                let count = |is: fn(&Note) -> bool| notes.iter().filter(|note| is(note)).count();
                let counts = [
                    (count(|note| matches!(note, Note::Skipped(_))), "SKIPPED"),
                    (count(|note| matches!(note, Note::Flaky(_))), "FLAKY"),
                    (
                        count(|note| matches!(note, Note::Impossible(_))),
                        "not possible here",
                    ),
                ];
                let said = counts.iter().filter(|(count, _)| *count > 0);
                said.fold("passed".to_owned(), |words, (count, word)| {
                    format!("{words}, {count} {word}")
                })
            }
            Self::Skipped(reason) => format!("SKIPPED: {reason}"),
            Self::Failed(_) => "FAILED (see below)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(strict: bool, outcome: Outcome, fails: bool) {
        let mut report = Report::new(strict);
        report.add("step", Duration::from_secs(90), outcome);
        assert_eq!(report.failed(), fails, "{report}");
    }

    fn note(line: &str) -> Outcome {
        Outcome::Passed(vec![Note::of_test(line)])
    }

    #[test]
    fn a_failure_fails_everywhere() {
        check(false, Outcome::Failed("x".to_owned()), true);
    }

    #[test]
    fn a_skipped_step_fails_only_an_automatic_run() {
        check(false, Outcome::Skipped("no engine".to_owned()), false);
        check(true, Outcome::Skipped("no engine".to_owned()), true);
    }

    #[test]
    fn a_skipped_test_fails_an_automatic_run_unless_nothing_could_help() {
        check(false, note("missing: git"), false);
        check(true, note("missing: git"), true);
        check(true, note("impossible: no vsock in this kernel"), false);
        check(true, Outcome::PASSED.without("git".to_owned()), true);
    }

    #[test]
    fn the_table_counts_out_loud_and_ends_with_failures() {
        let mut report = Report::new(false);
        report.add("fmt", Duration::from_secs(6), Outcome::PASSED);
        let notes = vec![
            Note::of_test("missing: git: a_test"),
            Note::of_test("impossible: no vsock: another"),
            Note::Flaky("bottle-egress a_third".to_owned()),
        ];
        report.add("tests", Duration::from_secs(90), Outcome::Passed(notes));
        report.add("engine", Duration::ZERO, Outcome::Skipped("no root".to_owned()));
        report.add("docker", Duration::ZERO, Outcome::Failed("one\ntwo".to_owned()));
        let expected = "\
tests      SKIPPED: missing: git: a_test
tests      not possible here: no vsock: another
tests      FLAKY: bottle-egress a_third
step       minutes  result
fmt            0.1  passed
tests          1.5  passed, 1 SKIPPED, 1 FLAKY, 1 not possible here
engine         0.0  SKIPPED: no root
docker         0.0  FAILED (see below)
together       1.6

docker FAILED:
    one
    two
";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn what_an_automatic_run_should_not_have_skipped_comes_last() {
        let mut report = Report::new(true);
        report.add("native", Duration::ZERO, note("missing: git: a_test"));
        report.add("engine", Duration::ZERO, Outcome::Skipped("no root".to_owned()));
        let expected = "
native must skip nothing here: SKIPPED: missing: git: a_test

engine must not be skipped here: no root
";
        assert!(report.to_string().ends_with(expected), "{report}");
    }
}
