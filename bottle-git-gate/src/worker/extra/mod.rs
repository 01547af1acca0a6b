//! Another program that finds secrets, given the same bytes: every new object, one after the other, as one text on its
//! standard input. It says lines of that text; which object they are in is found by reading all once more.

mod places;
mod report;
mod text;

use std::io::{self, BufWriter, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use bottle_plan::git::ExtraScanner;
use places::Places;
use report::found;
use text::{Part, Reader, Text};

use super::ScannerProgram;
use super::examine::read_new;
use super::facts::Repository;
use crate::decide::Finding;
use crate::limits::{FINDINGS, SCANNER_HEAP, SCANNER_OUTPUT};
use crate::object_id::ObjectId;

/// How it ends when it has found something.
const FOUND: i32 = 42;

/// Lets a program read what is new.
///
/// # Errors
///
/// When it cannot be run or does not say what it found: a push that was not read does not pass.
pub(super) fn read(
    repository: &Repository<'_>,
    tips: &[&ObjectId],
    scanner: &ScannerProgram,
) -> io::Result<Vec<Finding>> {
    let name = scanner.scanner.program();
    let named = |error: io::Error| io::Error::other(format!("{name}: {error}"));
    let said = run(repository, tips, scanner).map_err(named)?;
    let found = found(&said).map_err(|error| named(io::Error::other(error)))?;
    match found.len() {
        0 => return Ok(Vec::new()),
        // What is not listed would pass with what a human accepts of the list.
        count if count > FINDINGS => {
            return Err(named(io::Error::other(format!("more than {FINDINGS} findings"))));
        }
        _ => {}
    }
    let mut places = Places::new(found.iter().map(|(line, _)| *line).collect());
    let mut text = Text::new(repository, &mut places)?;
    if !tips.is_empty() {
        read_new(repository, tips, &mut text)?;
    }
    let finding = |(line, rule): &(u64, String)| {
        let place = places.found.iter().find(|place| place.line == *line);
        Finding {
            rule: format!("{name}/{}", crate::text::line(rule)),
            file: place.and_then(|place| place.file.clone()),
            place: place.map_or_else(|| "what is pushed".to_owned(), |place| place.shown.clone()),
            line: place.map_or(0, |place| place.of_object),
            commit: place.and_then(|place| place.commit.clone()),
            masked: "***".to_owned(),
            text: String::new(),
            is_marked: false,
        }
    };
    Ok(found.iter().map(finding).collect())
}

/// Runs it over everything; what it printed.
fn run(repository: &Repository<'_>, tips: &[&ObjectId], scanner: &ScannerProgram) -> io::Result<Vec<u8>> {
    let mut child = command(scanner).spawn()?;
    let no_pipe = || io::Error::other("no pipe");
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (stdin, stdout, stderr) = (
        stdin.ok_or_else(no_pipe)?,
        stdout.ok_or_else(no_pipe)?,
        stderr.ok_or_else(no_pipe)?,
    );
    let (fed, said, complained) = std::thread::scope(|scope| {
        let said = scope.spawn(|| read_bounded(stdout));
        let complained = scope.spawn(|| read_bounded(stderr));
        let fed = feed(repository, tips, stdin);
        if fed.is_err() {
            let _ended = child.kill();
        }
        (fed, said.join(), complained.join())
    });
    let status = child.wait()?;
    let complaint = complained.ok().and_then(Result::ok).unwrap_or_default();
    match fed {
        // It wanted no more, and says why itself.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
        fed => check(status, &complaint).and(fed)?,
    }
    said.map_err(|_| io::Error::other("a thread ended"))?
}

fn feed(repository: &Repository<'_>, tips: &[&ObjectId], stdin: impl Write) -> io::Result<()> {
    let mut writer = Writer(BufWriter::with_capacity(256 << 10, stdin));
    let mut text = Text::new(repository, &mut writer)?;
    if !tips.is_empty() {
        read_new(repository, tips, &mut text)?;
    }
    writer.0.flush()
}

/// Its environment is empty, its folder the quarantine's: nothing that was pushed is its configuration.
fn command(scanner: &ScannerProgram) -> Command {
    let mut command = Command::new(&scanner.path);
    command
        .args(["stdin", "--no-banner", "--redact", "--log-level=error"])
        .arg(format!("--exit-code={FOUND}"))
        .args(match scanner.scanner {
            ExtraScanner::Gitleaks => &[
                "--report-format=json",
                "--report-path=-",
                "--ignore-gitleaks-allow",
                "--max-archive-depth=4",
            ][..],
            ExtraScanner::Betterleaks => &["--output=-", "--no-allow-signatures"],
        })
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("GOMEMLIMIT", SCANNER_HEAP.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn read_bounded(stream: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(SCANNER_OUTPUT + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > SCANNER_OUTPUT {
        true => Err(io::Error::other(format!(
            "it prints more than {SCANNER_OUTPUT} bytes"
        ))),
        false => Ok(bytes),
    }
}

fn check(status: ExitStatus, complaint: &[u8]) -> io::Result<()> {
    if matches!(status.code(), Some(0 | FOUND)) {
        return Ok(());
    }
    let said = crate::text::last_lines(complaint, 1).join(" ");
    Err(io::Error::other(format!("it ended with {status}: {said}")))
}

/// Gives it to the program.
struct Writer<W: Write>(BufWriter<W>);

impl<W: Write> Reader for Writer<W> {
    fn part(&mut self, _part: Part<'_>) {}

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}
