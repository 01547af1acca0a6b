//! What a test says that does not run.

/// Says it out loud, and to whoever runs all tests.
#[expect(
    clippy::disallowed_methods,
    reason = "the runner of the tests tells its file in no other way"
)]
pub(crate) fn skip(line: &str) {
    eprintln!("SKIPPED {line}");
    if let Some(log) = std::env::var_os("BOTTLE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(log)
            .unwrap();
        std::io::Write::write_all(&mut log, format!("{line}\n").as_bytes()).unwrap();
    }
}
