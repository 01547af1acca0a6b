//! Where lines of the text are.

use std::collections::BTreeSet;
use std::io;

use bottle_scan::Scanner;

use super::super::scan::Kind;
use super::text::{Part, Reader};
use crate::object_id::ObjectId;

/// Finds out where lines are.
pub(super) struct Places {
    scanner: Scanner,
    wanted: BTreeSet<u64>,
    pub(super) found: Vec<Place>,
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
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) file: Option<String>,
    pub(super) shown: String,
    pub(super) of_object: u64,
    pub(super) commit: Option<ObjectId>,
}

impl Places {
    pub(super) fn new(wanted: BTreeSet<u64>) -> Self {
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
    use super::super::super::objects::Listed;
    use super::super::text::FIRST_LINE;
    use super::*;

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
