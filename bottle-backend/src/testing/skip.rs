//! Says out loud that a test did not run.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Says that a test does not run for want of something, and counts it in a file where there is one: one line, which
/// begins with `missing: ` for what could be installed and with `impossible: ` for the rest.
///
/// # Panics
///
/// When whoever runs the tests requires it, or the file cannot be written.
pub fn skip(test: &str, reason: &str, required: bool, log: Option<&Path>) {
    assert!(!required, "{test}: {reason}");
    println!("skipped: {test}: {reason}");
    if let Some(log) = log {
        let file = OpenOptions::new().append(true).create(true).open(log);
        let written = file.and_then(|mut file| writeln!(file, "{reason}: {test}"));
        assert!(written.is_ok(), "{}: {written:?}", log.display());
    }
}
