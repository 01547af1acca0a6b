//! Secrets in objects, and where they are in words that people understand.

use std::collections::HashSet;
use std::io;

use bottle_scan::{Limit, Scanner, Stream};

use super::Job;
use super::objects::{Listed, Sink};
use super::tree::Names;
use crate::decide::Finding;
use crate::limits::{FINDINGS, LINE_OBJECT_BYTES};
use crate::object_id::ObjectId;

/// The scan of one push.
pub(super) struct Scan {
    scanner: Scanner,
    findings: Vec<Finding>,
    unread: Vec<String>,
    /// The commit in whose order objects come.
    commit: Option<ObjectId>,
    /// Names that were scanned.
    names: HashSet<Vec<u8>>,
    current: Option<Current>,
}

/// The object that is being read.
struct Current {
    kind: Kind,
    path: Vec<u8>,
    stream: Stream,
    found: Vec<bottle_scan::Finding>,
    /// The object itself, for lines; empty once it is too long.
    kept: Vec<u8>,
    is_kept: bool,
    /// In a tree, the names that have not been met.
    tree: Option<Names>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Commit,
    Tag,
    Tree,
    File,
}

impl Kind {
    /// Reads a word of git's.
    pub(super) fn read(word: &str) -> Self {
        match word {
            "commit" => Self::Commit,
            "tag" => Self::Tag,
            "tree" => Self::Tree,
            _ => Self::File,
        }
    }
}

/// Comments that tell one scanner or another to look away.
const MARKS: &[&str] = &[
    "gitleaks:allow",
    "betterleaks:allow",
    "pragma: allowlist",
    "pragma: whitelist",
    "trufflehog:ignore",
    "ggignore",
    "nosecret",
    "bottle:allow",
];

impl Scan {
    pub(super) fn new(job: &Job) -> Self {
        Self {
            scanner: Scanner::new().with_known(job.known.clone()),
            findings: Vec::new(),
            unread: Vec::new(),
            commit: None,
            names: HashSet::new(),
            current: None,
        }
    }

    /// Scans a text that is in no object.
    pub(super) fn text(&mut self, place: &str, text: &str) {
        let outcome = self.scanner.scan(text.as_bytes());
        for found in outcome.findings {
            self.report(&found, None, (place.to_owned(), String::new()), false);
        }
        self.note_limits(&outcome.limits, place.to_owned());
    }

    /// Returns what was found, and what was not read.
    pub(super) fn finish(self) -> (Vec<Finding>, Vec<String>) {
        (self.findings, self.unread)
    }
}

impl Sink for Scan {
    fn begin(&mut self, object: &Listed, kind: &str, size: u64) -> io::Result<()> {
        let kind = Kind::read(kind);
        if kind == Kind::Commit && object.is_bare {
            self.commit = Some(object.id.clone());
        }
        self.current = Some(Current {
            kind,
            path: object.path.clone(),
            stream: self.scanner.stream(),
            found: Vec::new(),
            kept: Vec::new(),
            is_kept: size <= LINE_OBJECT_BYTES as u64 && kind != Kind::Tree,
            tree: (kind == Kind::Tree).then(|| Names::new(object.id.as_str().len())),
        });
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if current.is_kept {
            current.kept.extend(bytes);
        }
        let Current {
            tree, stream, found, ..
        } = current;
        match tree {
            Some(tree) => {
                let names = &mut self.names;
                // Modes and ids are no text: only what the guest chose is scanned, each name once and on its own line.
                tree.push(bytes, |name| {
                    if !names.contains(name) {
                        names.insert(name.to_vec());
                        found.extend(stream.push(name));
                        found.extend(stream.push(b"\n"));
                    }
                });
            }
            None => found.extend(stream.push(bytes)),
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(current) = self.current.take() else {
            return Ok(());
        };
        let Current {
            kind,
            path,
            stream,
            mut found,
            kept,
            ..
        } = current;
        let outcome = stream.finish();
        found.extend(outcome.findings);
        if found.is_empty() && outcome.limits.is_empty() {
            return Ok(());
        }
        let file = String::from_utf8_lossy(&path).into_owned();
        for one in &found {
            let line = line_around(&kept, one.offset);
            let is_marked = kind == Kind::File && is_marked(line);
            let shown = if is_marked {
                masked_around(&kept, one, &found)
            } else {
                String::new()
            };
            let place = self.place(kind, &file, &kept, one.offset);
            let file = (kind == Kind::File).then(|| file.clone());
            self.report(one, file, (place, shown), is_marked);
        }
        let place = self.place(kind, &file, &kept, 0);
        self.note_limits(&outcome.limits, place);
        Ok(())
    }
}

impl Scan {
    fn place(&self, kind: Kind, file: &str, kept: &[u8], offset: u64) -> String {
        let in_header = || {
            let header = kept.windows(2).position(|pair| pair == b"\n\n");
            header.is_none_or(|end| offset <= end as u64)
        };
        match kind {
            Kind::Commit if in_header() => "the commit header".to_owned(),
            Kind::Commit => "the commit message".to_owned(),
            Kind::Tag if in_header() => "the tag header".to_owned(),
            Kind::Tag => "the tag message".to_owned(),
            Kind::Tree => "the name of a file".to_owned(),
            // A path can hold what must not be shown.
            Kind::File if !self.scanner.scan(file.as_bytes()).findings.is_empty() => {
                "a file whose name holds a secret".to_owned()
            }
            Kind::File => file.to_owned(),
        }
    }

    fn report(
        &mut self,
        found: &bottle_scan::Finding,
        file: Option<String>,
        (place, text): (String, String),
        is_marked: bool,
    ) {
        if self.findings.len() >= FINDINGS {
            // What is not listed must not pass with what a human approves of the list.
            if self.unread.len() < FINDINGS {
                self.unread.push(place);
            }
            return;
        }
        let masked = match &found.name {
            Some(name) => format!("the value of {name}"),
            None => found.masked.clone(),
        };
        let finding = Finding {
            rule: found.rule.to_owned(),
            file,
            place,
            line: found.line,
            commit: self.commit.clone(),
            masked,
            text,
            is_marked,
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn note_limits(&mut self, limits: &[Limit], place: String) {
        if !limits.is_empty() && self.unread.len() < FINDINGS {
            self.unread.push(place);
        }
    }
}

fn line_around(text: &[u8], offset: u64) -> &[u8] {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
    let (before, behind) = text.split_at(offset);
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let end = behind
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(text.len(), |at| offset + at);
    text.get(start..end).unwrap_or_default()
}

/// Returns the line around a finding for people: what any finding covers is masked, the rest cut to what is near.
fn masked_around(text: &[u8], around: &bottle_scan::Finding, all: &[bottle_scan::Finding]) -> String {
    // What is packed has no line of its own.
    if around.length == 0 {
        return String::new();
    }
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
    let (begin, end) = (at(around.offset), at(around.offset.saturating_add(around.length)));
    let (before, behind) = (
        text.get(..begin).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    );
    let break_at = |byte: &u8| *byte == b'\n';
    let start = before.iter().rposition(break_at).map_or(0, |at| at + 1);
    let stop = behind.iter().position(break_at).map_or(text.len(), |at| end + at);
    let start = start.max(begin.saturating_sub(CONTEXT));
    let stop = stop.min(end.saturating_add(CONTEXT));
    let is_covered = |place: usize| {
        all.iter()
            .any(|one| (at(one.offset)..at(one.offset.saturating_add(one.length))).contains(&place))
    };
    let mut shown = Vec::new();
    for place in start..stop {
        match is_covered(place) {
            true if shown.last() == Some(&b'*') => (),
            true => shown.push(b'*'),
            false => shown.extend(text.get(place)),
        }
    }
    crate::text::line(&String::from_utf8_lossy(&shown))
}

/// How many bytes are shown on each side of a value.
const CONTEXT: usize = 40;

fn is_marked(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_lowercase();
    MARKS.iter().any(|mark| line.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_around_a_value_shows_no_value() {
        let found = |offset, length| bottle_scan::Finding {
            rule: "r",
            name: None,
            offset,
            length,
            line: 1,
            chain: Vec::new(),
            masked: "*".to_owned(),
        };
        let text = b"first\na = SECRET; b = OTHER # gitleaks:allow\nlast";
        let all = [found(10, 6), found(22, 5)];
        let shown = masked_around(text, &all[0], &all);
        assert_eq!(shown, "a = *; b = * # gitleaks:allow");
        assert_eq!(masked_around(text, &found(10, 0), &all), "");
        let long = [b"x".repeat(500), b"SECRET".to_vec(), b"y".repeat(500)].concat();
        let one = [found(500, 6)];
        let shown = masked_around(&long, &one[0], &one);
        assert_eq!(shown, format!("{}*{}", "x".repeat(CONTEXT), "y".repeat(CONTEXT)));
        assert_eq!(masked_around(b"ab", &found(1, 99), &[found(1, 99)]), "a*");
    }

    #[test]
    fn the_line_around_an_offset_is_found() {
        for (offset, line) in [(0, "a"), (1, "a"), (2, "bc"), (3, "bc"), (5, ""), (99, "")] {
            assert_eq!(line_around(b"a\nbc\n", offset), line.as_bytes(), "{offset}");
        }
    }
}
