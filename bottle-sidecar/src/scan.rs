//! Scans files for secrets, and says what is where as lines of JSON.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bottle_scan::{Finding, Limit, Scanner};
use serde_json::{Value, json};

/// Why files could not be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A file does not open, or does not read to its end.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file; `-` is standard input.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody takes the findings.
    #[error("cannot write findings")]
    Write(#[source] io::Error),
}

/// What is read at a time.
const CHUNK: usize = 256 * 1024;

/// Scans files one after the other, `-` being standard input; returns whether anything was found, or left unread.
///
/// # Errors
///
/// Fails at the first file that cannot be read, or if nothing can be written.
pub fn run(scanner: &Scanner, files: &[PathBuf], out: &mut impl Write) -> Result<bool, ScanError> {
    let mut any = false;
    for file in files {
        any |= if file == Path::new("-") {
            scan(scanner, io::stdin().lock(), file, out)?
        } else {
            let opened = File::open(file).map_err(|source| unreadable(file, source))?;
            scan(scanner, opened, file, out)?
        };
    }
    out.flush().map_err(ScanError::Write)?;
    Ok(any)
}

fn scan(
    scanner: &Scanner,
    mut input: impl Read,
    file: &Path,
    out: &mut impl Write,
) -> Result<bool, ScanError> {
    let mut stream = scanner.stream();
    let mut chunk = vec![0; CHUNK];
    let mut any = false;
    loop {
        let length = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(unreadable(file, source)),
        };
        let found = stream.push(chunk.get(..length).unwrap_or_default());
        any |= report(&found, file, out)?;
    }
    let outcome = stream.finish();
    any |= report(&outcome.findings, file, out)?;
    if !outcome.limits.is_empty() {
        let limits: Vec<&str> = outcome.limits.iter().copied().map(Limit::name).collect();
        write(&json!({"file": file, "unread": limits}), out)?;
    }
    Ok(any || !outcome.limits.is_empty())
}

fn report(found: &[Finding], file: &Path, out: &mut impl Write) -> Result<bool, ScanError> {
    for finding in found {
        let chain: Vec<String> = finding.chain.iter().map(ToString::to_string).collect();
        let line = json!({
            "file": file,
            "rule": finding.rule,
            "name": finding.name.as_deref(),
            "line": finding.line,
            "offset": finding.offset,
            "length": finding.length,
            "chain": chain,
            "masked": finding.masked,
        });
        write(&line, out)?;
    }
    Ok(!found.is_empty())
}

fn write(line: &Value, out: &mut impl Write) -> Result<(), ScanError> {
    writeln!(out, "{line}").map_err(ScanError::Write)
}

fn unreadable(file: &Path, source: io::Error) -> ScanError {
    let file = file.to_owned();
    ScanError::Read { file, source }
}
