//! The arguments of `bottle-sidecar scan`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use bottle_scan::Scanner;
use bottle_sidecar::scan;

/// Looks for secrets in files and prints what is where, one JSON object a line, no value among it
///
/// A line has `file`, `rule`, `name` (of a secret that was known beforehand), `line`, `offset` and `length` in bytes
/// (of what is encoded, where the encoded text lies; a length of 0 is inside a pack), `chain` (what had to be undone, the
/// outermost first) and `masked` (the vendor's public prefix and asterisks). A line with `unread` says that a bound was
/// met, so that something was not looked at.
///
/// Exits with 0 if nothing was found, 1 if something was or could not be looked into, 2 if a file cannot be read
#[derive(Debug, clap::Args)]
pub(crate) struct ScanOptions {
    /// What to scan; `-` is standard input
    #[arg(required = true, value_name = "FILE|-")]
    files: Vec<PathBuf>,
    /// Leaves out what only the name of a variable or field gives away
    #[arg(long)]
    precise: bool,
}

impl ScanOptions {
    pub(crate) fn run(&self) -> ExitCode {
        let scanner = if self.precise {
            Scanner::precise()
        } else {
            Scanner::new()
        };
        let mut out = io::BufWriter::new(io::stdout().lock());
        match scan::run(&scanner, &self.files, &mut out) {
            Ok(false) => ExitCode::SUCCESS,
            Ok(true) => ExitCode::from(1),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, source = source.as_deref(), "the scan was not finished");
                ExitCode::from(2)
            }
        }
    }
}
