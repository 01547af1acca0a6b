//! Many attempts in one command, where each command takes seconds to begin.

use anyhow::{Context, Result, ensure};

use super::program::Attempted;

/// Stands before the number and the status of each attempt.
const MARK: &str = "attempt-ended";
/// Makes each attempt as its own process, one after the other, and says how it ended after what it said.
const EACH: &str = r#"run() { number=$1; shift; timeout 20 "$@" </dev/null 2>&1; status=$?; echo; echo "attempt-ended $number $status"; }"#;

/// Returns the line of shell that makes the attempts.
pub(super) fn script(attempts: &[Vec<String>]) -> String {
    let mut script = EACH.to_owned();
    for (number, words) in attempts.iter().enumerate() {
        script.push_str(&format!("\nrun {number}"));
        for word in words {
            script.push_str(&format!(" '{}'", word.replace('\'', "'\\''")));
        }
    }
    script
}

/// Reads what the line of shell said: for each attempt how it ended, and what it said.
pub(super) fn read(said: &str, count: usize) -> Result<Vec<(Attempted, String)>> {
    let mut ended = Vec::with_capacity(count);
    let mut lines = String::new();
    for line in said.lines() {
        let Some(rest) = line.strip_prefix(MARK) else {
            lines.push_str(line);
            lines.push('\n');
            continue;
        };
        let (number, status) = rest.trim().split_once(' ').unwrap_or_default();
        ensure!(number == ended.len().to_string(), "out of turn: {said}");
        let status = status.parse().with_context(|| line.to_owned())?;
        let attempted = Attempted::of_status(status)
            .with_context(|| format!("attempt {number} was not made ({status}): {lines}"))?;
        ended.push((attempted, std::mem::take(&mut lines)));
    }
    ensure!(ended.len() == count, "{} of {count} ended: {said}", ended.len());
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn each_attempt_has_its_own_end_and_words() {
        let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let attempts = [
            words(&["printf", "it's \"one\""]),
            words(&["sh", "-c", "echo two; exit 1"]),
            words(&["sh", "-c", "exit 3"]),
        ];
        let run = Command::new("bash")
            .args(["-c", &script(&attempts)])
            .output()
            .unwrap();
        let ended = read(&String::from_utf8(run.stdout).unwrap(), 3).unwrap();
        assert_eq!(
            ended,
            [
                (Attempted::Through, "it's \"one\"\n".to_owned()),
                (Attempted::Refused, "two\n\n".to_owned()),
                (Attempted::UnknownHere, "\n".to_owned()),
            ]
        );
    }

    #[test]
    fn what_did_not_end_is_no_answer() {
        assert!(read("attempt-ended 0 0\n", 2).is_err());
        assert!(read("attempt-ended 1 0\n", 1).is_err());
        assert!(read("attempt-ended 0 124\n", 1).is_err());
    }
}
