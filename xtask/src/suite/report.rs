//! The table at the end, and what counts as a failure.

use std::fmt;
use std::time::Duration;

/// How a step ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Passed,
    /// All that ran passed, and these tests did not run.
    PassedBut(Vec<String>),
    Skipped(Vec<String>),
    Failed(String),
}

impl Outcome {
    /// Adds what did not run.
    pub(super) fn without(self, missing: String) -> Self {
        match self {
            Self::Passed => Self::PassedBut(vec![missing]),
            Self::PassedBut(mut lines) => {
                lines.push(missing);
                Self::PassedBut(lines)
            }
            other => other,
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
            Outcome::Passed => false,
            Outcome::PassedBut(tests) => self.strict && tests.iter().any(|test| !is_impossible(test)),
            Outcome::Skipped(_) => self.strict,
            Outcome::Failed(_) => true,
        })
    }
}

/// A test may say that the kernel or the processor cannot do it, which no installation changes.
fn is_impossible(test: &str) -> bool {
    test.starts_with("impossible: ")
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{:10} {:>7}  result", "step", "minutes")?;
        let mut total = Duration::ZERO;
        for row in &self.rows {
            total += row.took;
            let (word, notes) = row.outcome.words();
            writeln!(
                formatter,
                "{:10} {:>7.1}  {word}",
                row.name,
                row.took.as_secs_f64() / 60.0
            )?;
            for note in notes {
                writeln!(
                    formatter,
                    "{:20}{}",
                    "",
                    note.replace('\n', "\n                    ")
                )?;
            }
        }
        writeln!(formatter, "{:10} {:>7.1}", "together", total.as_secs_f64() / 60.0)
    }
}

impl Outcome {
    fn words(&self) -> (String, &[String]) {
        match self {
            Self::Passed => ("passed".to_owned(), &[]),
            Self::PassedBut(tests) => (format!("passed, {} SKIPPED:", tests.len()), tests),
            Self::Skipped(reasons) => ("SKIPPED:".to_owned(), reasons),
            Self::Failed(reason) => ("FAILED:".to_owned(), std::slice::from_ref(reason)),
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

    fn lines(line: &str) -> Vec<String> {
        vec![line.to_owned()]
    }

    #[test]
    fn a_failure_fails_everywhere() {
        check(false, Outcome::Failed("x".to_owned()), true);
    }

    #[test]
    fn a_skipped_step_fails_only_an_automatic_run() {
        check(false, Outcome::Skipped(lines("no engine")), false);
        check(true, Outcome::Skipped(lines("no engine")), true);
    }

    #[test]
    fn a_skipped_test_fails_an_automatic_run_unless_nothing_could_help() {
        check(false, Outcome::PassedBut(lines("missing: git")), false);
        check(true, Outcome::PassedBut(lines("missing: git")), true);
        check(
            true,
            Outcome::PassedBut(lines("impossible: no vsock in this kernel")),
            false,
        );
    }

    #[test]
    fn the_table_counts_skips_out_loud() {
        let mut report = Report::new(false);
        report.add("fmt", Duration::from_secs(6), Outcome::Passed);
        report.add(
            "tests",
            Duration::from_secs(90),
            Outcome::PassedBut(lines("missing: git: a_test")),
        );
        report.add(
            "docker",
            Duration::from_secs(0),
            Outcome::Failed("one\ntwo".to_owned()),
        );
        let expected = "\
step       minutes  result
fmt            0.1  passed
tests          1.5  passed, 1 SKIPPED:
                    missing: git: a_test
docker         0.0  FAILED:
                    one
                    two
together       1.6
";
        assert_eq!(report.to_string(), expected);
    }
}
