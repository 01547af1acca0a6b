//! Another program that finds secrets, given the same bytes: every new object, one after the other, as one text on its
//! standard input. It says lines of that text; which object they are in is found by reading all once more.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, BufWriter, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use bottle_plan::git::ExtraScanner;
use bottle_scan::Scanner;

use super::ScannerProgram;
use super::examine::read_new;
use super::facts::Repository;
use super::objects::{Listed, Sink};
use super::scan::Kind;
use super::tree::Names;
use crate::decide::Finding;
use crate::limits::{FINDINGS, SCANNER_HEAP, SCANNER_OUTPUT};
use crate::object_id::ObjectId;

/// How it ends when it has found something.
const FOUND: i32 = 42;
/// So that nothing takes the whole for one file of a kind that is skipped.
const FIRST_LINE: &[u8] = b"what is pushed\n";

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
    if found.is_empty() {
        return Ok(Vec::new());
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
    // One more than is listed would pass unseen.
    match found.len() > FINDINGS {
        true => Err(named(io::Error::other(format!("more than {FINDINGS} findings")))),
        false => Ok(found.iter().map(finding).collect()),
    }
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
    check(status, &complaint)?;
    fed?;
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

/// Reads lines and rules out of a report, in the order of lines and each once.
fn found(report: &[u8]) -> Result<BTreeSet<(u64, String)>, serde_json::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Report {
        Gitleaks(Vec<Leak>),
        Betterleaks { findings: Vec<Hit> },
    }
    #[derive(serde::Deserialize)]
    struct Leak {
        #[serde(rename = "RuleID")]
        rule: String,
        #[serde(rename = "StartLine")]
        line: u64,
    }
    #[derive(serde::Deserialize)]
    struct Hit {
        rule_id: String,
        location: Location,
    }
    #[derive(serde::Deserialize)]
    struct Location {
        start_line: u64,
    }
    Ok(match serde_json::from_slice(report)? {
        Report::Gitleaks(leaks) => leaks.into_iter().map(|leak| (leak.line, leak.rule)).collect(),
        Report::Betterleaks { findings } => findings
            .into_iter()
            .map(|hit| (hit.location.start_line, hit.rule_id))
            .collect(),
    })
}

/// Where a text goes.
trait Reader {
    /// Another part of it begins: an object, or what is in none.
    fn part(&mut self, part: Part<'_>);
    fn take(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// What lines belong to.
enum Part<'a> {
    /// Something that is in no object.
    Said(&'a str),
    Object(&'a Listed, Kind),
}

/// Everything that is new as one text, the same each time.
struct Text<'a, R> {
    reader: &'a mut R,
    /// Names that were said: each is on a line of its own, once.
    names: HashSet<Vec<u8>>,
    /// In a tree, what takes its names out.
    tree: Option<Names>,
}

impl<'a, R: Reader> Text<'a, R> {
    fn new(repository: &Repository<'_>, reader: &'a mut R) -> io::Result<Self> {
        reader.take(FIRST_LINE)?;
        for (place, text) in &repository.0.texts {
            reader.part(Part::Said(place));
            reader.take(text.as_bytes())?;
            reader.take(b"\n")?;
        }
        Ok(Self {
            reader,
            names: HashSet::new(),
            tree: None,
        })
    }
}

impl<R: Reader> Sink for Text<'_, R> {
    fn begin(&mut self, object: &Listed, kind: &str, _size: u64) -> io::Result<()> {
        let kind = Kind::read(kind);
        self.tree = (kind == Kind::Tree).then(|| Names::new(object.id.as_str().len()));
        self.reader.part(Part::Object(object, kind));
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(tree) = &mut self.tree else {
            return self.reader.take(bytes);
        };
        let (names, reader, mut taken) = (&mut self.names, &mut *self.reader, Ok(()));
        tree.push(bytes, |name| {
            if taken.is_ok() && names.insert(name.to_vec()) {
                taken = reader.take(name).and_then(|()| reader.take(b"\n"));
            }
        });
        taken
    }

    fn end(&mut self) -> io::Result<()> {
        self.reader.take(b"\n")
    }
}

/// Gives it to the program.
struct Writer<W: Write>(BufWriter<W>);

impl<W: Write> Reader for Writer<W> {
    fn part(&mut self, _part: Part<'_>) {}

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

/// Finds out where lines are.
struct Places {
    scanner: Scanner,
    wanted: BTreeSet<u64>,
    found: Vec<Place>,
    /// The line that bytes are on, from 1.
    line: u64,
    /// Whether none of its bytes has come: only then is it known whose it is.
    is_fresh: bool,
    /// The commit in whose order objects come.
    commit: Option<ObjectId>,
    /// What the bytes belong to, and its first line.
    now: Place,
}

/// Where a line is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    line: u64,
    file: Option<String>,
    shown: String,
    of_object: u64,
    commit: Option<ObjectId>,
}

impl Places {
    fn new(wanted: BTreeSet<u64>) -> Self {
        Self {
            scanner: Scanner::new(),
            wanted,
            found: Vec::new(),
            line: 1,
            is_fresh: true,
            commit: None,
            now: Place::default(),
        }
    }

    fn note(&mut self) {
        if self.wanted.remove(&self.line) {
            self.found.push(Place {
                line: self.line,
                of_object: self.line - self.now.line + 1,
                ..self.now.clone()
            });
        }
    }
}

impl Reader for Places {
    fn part(&mut self, part: Part<'_>) {
        if let Part::Object(object, Kind::Commit) = &part
            && object.is_bare
        {
            self.commit = Some(object.id.clone());
        }
        let (file, shown) = match part {
            Part::Said(place) => (None, place.to_owned()),
            Part::Object(_, Kind::Commit) => (None, "a commit".to_owned()),
            Part::Object(_, Kind::Tag) => (None, "a tag".to_owned()),
            Part::Object(_, Kind::Tree) => (None, "the name of a file".to_owned()),
            Part::Object(object, Kind::File) => {
                let path = String::from_utf8_lossy(&object.path).into_owned();
                // A path can hold what must not be shown.
                let shown = match self.scanner.scan(path.as_bytes()).findings.is_empty() {
                    true => path.clone(),
                    false => "a file whose name holds a secret".to_owned(),
                };
                (Some(path), shown)
            }
        };
        self.now = Place {
            line: self.line,
            file,
            shown,
            of_object: 1,
            commit: self.commit.clone(),
        };
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.wanted.is_empty() || bytes.is_empty() {
            return Ok(());
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.is_fresh {
                self.note();
            }
            self.is_fresh = line.ends_with(b"\n");
            self.line += u64::from(self.is_fresh);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_both_programs_are_read() {
        let gitleaks = br#"[{"RuleID": "a", "StartLine": 7, "Match": "x"}, {"RuleID": "a", "StartLine": 7}]"#;
        assert_eq!(found(gitleaks).unwrap(), [(7, "a".to_owned())].into());
        let betterleaks = br#"{"schema_version": "1", "findings": [{"rule_id": "b", "location": {"start_line": 3, "end_line": 4}}]}"#;
        assert_eq!(found(betterleaks).unwrap(), [(3, "b".to_owned())].into());
        assert_eq!(found(b"[]").unwrap().len(), 0);
        for bad in [&b""[..], b"{}", b"[{}]", b"not", br#"[{"RuleID": "a"}]"#] {
            assert!(found(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_line_is_where_its_first_byte_is() {
        let listed = |id: &str, path: &str| Listed {
            id: id.repeat(40).parse().unwrap(),
            path: path.into(),
            is_bare: path.is_empty(),
        };
        let parts = [
            (listed("1", ""), Kind::Commit, "tree\n\nmessage"),
            (listed("2", "a/b"), Kind::File, "one\ntwo\n"),
            (listed("3", "empty"), Kind::File, ""),
            (listed("4", "c"), Kind::File, "three"),
        ];
        for step in 1..8 {
            let mut places = Places::new((1..=20).collect());
            places.take(FIRST_LINE).unwrap();
            for (object, kind, text) in &parts {
                places.part(Part::Object(object, *kind));
                for piece in text.as_bytes().chunks(step) {
                    places.take(piece).unwrap();
                }
                places.take(b"\n").unwrap();
            }
            let seen: Vec<_> = places
                .found
                .iter()
                .map(|place| format!("{} {}:{}", place.line, place.shown, place.of_object))
                .collect();
            let expected = [
                "1 :2",
                "2 a commit:1",
                "3 a commit:2",
                "4 a commit:3",
                "5 a/b:1",
                "6 a/b:2",
                "7 a/b:3",
                "8 empty:1",
                "9 c:1",
            ];
            assert_eq!(seen, expected, "{step}");
            assert!(places.found.iter().skip(1).all(|place| place.commit.is_some()));
        }
    }
}
