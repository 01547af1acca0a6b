//! Says out loud that a test did not run.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Why a test did not run.
#[derive(Clone, Copy, Debug)]
pub enum Reason<'a> {
    /// Something is not here that could be installed; an automatic run takes that as a failure.
    Missing(&'a str),
    /// The kernel or the processor cannot do it, which nobody can install.
    Impossible(&'a str),
}

/// Prints a skip, and counts it for whoever runs the tests: one line in the file that `BOTTLE_SKIP_LOG` names.
pub fn skip(test: &str, reason: Reason<'_>) -> Result<()> {
    let line = match reason {
        Reason::Missing(what) => format!("missing: {what}: {test}"),
        Reason::Impossible(what) => format!("impossible: {what}: {test}"),
    };
    eprintln!("SKIPPED {line}");
    match skip_log() {
        Some(log) => append(Path::new(&log), &line),
        None => Ok(()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the runner of the tests tells its file in no other way"
)]
fn skip_log() -> Option<std::ffi::OsString> {
    std::env::var_os("BOTTLE_SKIP_LOG")
}

/// Tests run in many processes at once; a short line in append mode is written whole.
fn append(log: &Path, line: &str) -> Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(log)?;
    file.write_all(format!("{line}\n").as_bytes())
        .with_context(|| format!("cannot write {}", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        append(&log, "one").unwrap();
        append(&log, "two").unwrap();
        assert_eq!(std::fs::read_to_string(log).unwrap(), "one\ntwo\n");
    }
}
