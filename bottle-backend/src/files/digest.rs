//! What a tree of files is, in one number and a size: names, kinds, contents and whether a file can be run. Neither owners nor
//! times count, nor the order in which the tree was read.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// What a tree is, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    hash: [u8; 32],
    entries: u64,
    bytes: u64,
}

/// Says that a text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: it is a hash, a number of entries and a number of bytes")]
pub struct DigestError;

/// Collects a tree's entries in any order.
#[derive(Debug)]
pub struct DigestBuilder {
    entries: Vec<[u8; 32]>,
    bytes: u64,
    skip: fn(&Path) -> bool,
}

/// The digest of one entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryDigest {
    hash: [u8; 32],
    bytes: u64,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = HEXLOWER.encode(&self.hash);
        write!(f, "{hash} {} {}", self.entries, self.bytes)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(' ');
        let mut next = || parts.next().ok_or(DigestError);
        let hash = HEXLOWER.decode(next()?.as_bytes()).map_err(|_| DigestError)?;
        let hash = hash.try_into().map_err(|_| DigestError)?;
        let entries = next()?.parse().map_err(|_| DigestError)?;
        let bytes = next()?.parse().map_err(|_| DigestError)?;
        Ok(Self { hash, entries, bytes })
    }
}

impl DigestBuilder {
    /// Makes one for which paths do not count that `skip` names.
    pub fn skipping(skip: fn(&Path) -> bool) -> Self {
        Self {
            entries: Vec::new(),
            bytes: 0,
            skip,
        }
    }

    /// Adds a folder.
    pub fn folder(&mut self, path: &Path) {
        self.add(path, EntryDigest::of(start(b'd', path)));
    }

    /// Adds a link.
    pub fn link(&mut self, path: &Path, target: &OsStr) {
        let mut hash = start(b'l', path);
        hash.update(target.as_encoded_bytes());
        self.add(path, EntryDigest::of(hash));
    }

    /// Adds a file, reading it to its end.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn file(&mut self, path: &Path, executable: bool, content: &mut dyn Read) -> io::Result<()> {
        let mut reader = self.reader(path, executable, content);
        io::copy(&mut reader, &mut io::sink())?;
        let entry = reader.finish();
        self.add(path, entry);
        Ok(())
    }

    /// Returns a reader that takes a file in while somebody else reads it.
    pub(super) fn reader<'a>(
        &self,
        path: &Path,
        executable: bool,
        content: &'a mut dyn Read,
    ) -> DigestReader<'a> {
        DigestReader {
            content,
            bytes: 0,
            hash: start(if executable { b'x' } else { b'f' }, path),
        }
    }

    pub(super) fn add(&mut self, path: &Path, entry: EntryDigest) {
        if !(self.skip)(path) {
            self.entries.push(entry.hash);
            self.bytes = self.bytes.saturating_add(entry.bytes);
        }
    }

    /// Returns the digest of all that was added.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        self.entries.sort_unstable();
        let mut hash = Sha256::new();
        for entry in &self.entries {
            hash.update(entry);
        }
        Digest {
            hash: hash.finalize().into(),
            entries: self.entries.len() as u64,
            bytes: self.bytes,
        }
    }
}

/// The most bytes of a file that does not count: one that is larger is a change all the same.
const MOST_SKIPPED: u64 = 256 << 20;

/// Reads a tar that a guest made, below its first folder, and tells whether it holds exactly what was copied. Entries
/// for which `skip` says so do not count.
///
/// It ends at the first entry or announced byte too many: whatever the guest made, no more is read than was copied.
///
/// # Errors
///
/// When it is no tar.
pub fn tar_holds(tar: impl Read, copied: &Digest, skip: fn(&Path) -> bool) -> io::Result<bool> {
    let mut archive = tar::Archive::new(tar);
    let mut digest = DigestBuilder::skipping(skip);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path: PathBuf = entry.path()?.components().skip(1).collect();
        if path.as_os_str().is_empty() {
            match entry.header().entry_type().is_dir() {
                true => continue,
                false => return Ok(false),
            }
        }
        let (left, room) = match skip(&path) {
            true => (MOST_SKIPPED, true),
            false => (
                copied.bytes.saturating_sub(digest.bytes),
                (digest.entries.len() as u64) < copied.entries,
            ),
        };
        if !room || entry.size() > left || !take(&mut digest, &path, &mut entry)? {
            return Ok(false);
        }
    }
    Ok(digest.finish() == *copied)
}

/// Adds an entry of a tar; tells whether it is of a kind that is ever copied in.
fn take<R: Read>(digest: &mut DigestBuilder, path: &Path, entry: &mut tar::Entry<'_, R>) -> io::Result<bool> {
    let executable = entry.header().mode()? & 0o100 != 0;
    let kind = entry.header().entry_type();
    if kind.is_dir() {
        digest.folder(path);
    } else if kind.is_symlink() {
        let target = entry.link_name()?.map(std::borrow::Cow::into_owned);
        digest.link(path, target.unwrap_or_default().as_os_str());
    } else if kind.is_file() {
        digest.file(path, executable, entry)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

pub(super) struct DigestReader<'a> {
    content: &'a mut dyn Read,
    bytes: u64,
    hash: Sha256,
}

impl DigestReader<'_> {
    pub(super) fn finish(self) -> EntryDigest {
        EntryDigest {
            bytes: self.bytes,
            ..EntryDigest::of(self.hash)
        }
    }
}

impl EntryDigest {
    fn of(hash: Sha256) -> Self {
        Self {
            hash: hash.finalize().into(),
            bytes: 0,
        }
    }
}

impl Read for DigestReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(read as u64);
        Ok(read)
    }
}

fn start(kind: u8, path: &Path) -> Sha256 {
    let path = path.as_os_str().as_encoded_bytes();
    let mut hash = Sha256::new();
    hash.update([kind]);
    hash.update((path.len() as u64).to_be_bytes());
    hash.update(path);
    hash
}
