//! Everything that is new as one text.

use std::collections::HashSet;
use std::io;

use super::super::facts::Repository;
use super::super::objects::{Listed, Sink};
use super::super::scan::Kind;
use super::super::tree::Names;

/// So that nothing takes the whole for one file of a kind that is skipped.
pub(super) const FIRST_LINE: &[u8] = b"what is pushed\n";

/// Where a text goes.
pub(super) trait Reader {
    /// Another part of it begins: an object, or what is in none.
    fn part(&mut self, part: Part<'_>);
    fn take(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// What lines belong to.
pub(super) enum Part<'a> {
    /// Something that is in no object.
    Said(&'a str),
    Object(&'a Listed, Kind),
}

/// Everything that is new as one text, the same each time.
pub(super) struct Text<'a, R> {
    reader: &'a mut R,
    /// Names that were said: each is on a line of its own, once.
    names: HashSet<Vec<u8>>,
    /// In a tree, what takes its names out.
    tree: Option<Names>,
}

impl<'a, R: Reader> Text<'a, R> {
    pub(super) fn new(repository: &Repository<'_>, reader: &'a mut R) -> io::Result<Self> {
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
