//! What a tree of files is, in one number: names, kinds, contents and whether a file can be run. Neither owners nor
//! times count, nor the order in which the tree was read.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// The digest of a tree, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(pub String);

/// Collects a tree's entries in any order.
#[derive(Debug)]
pub struct DigestBuilder {
    entries: Vec<EntryDigest>,
    skip: fn(&Path) -> bool,
}

/// The digest of one entry.
pub(super) type EntryDigest = [u8; 32];

impl DigestBuilder {
    /// Makes one for which paths do not count that `skip` names.
    pub fn skipping(skip: fn(&Path) -> bool) -> Self {
        Self {
            entries: Vec::new(),
            skip,
        }
    }

    /// Adds a folder.
    pub fn folder(&mut self, path: &Path) {
        self.add(path, start(b'd', path).finalize().into());
    }

    /// Adds a link.
    pub fn link(&mut self, path: &Path, target: &OsStr) {
        let mut hash = start(b'l', path);
        hash.update(target.as_encoded_bytes());
        self.add(path, hash.finalize().into());
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
            hash: start(if executable { b'x' } else { b'f' }, path),
        }
    }

    pub(super) fn add(&mut self, path: &Path, entry: EntryDigest) {
        if !(self.skip)(path) {
            self.entries.push(entry);
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
        Digest(HEXLOWER.encode(&hash.finalize()))
    }
}

/// Reads a tar that a guest made, below its first folder, and returns the digest of what it holds. Entries for
/// which `skip` says so do not count.
///
/// # Errors
///
/// When it is no tar.
pub fn digest_of_tar(tar: impl Read, skip: fn(&Path) -> bool) -> io::Result<Digest> {
    let mut archive = tar::Archive::new(tar);
    let mut digest = DigestBuilder::skipping(skip);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path: PathBuf = entry.path()?.components().skip(1).collect();
        if path.as_os_str().is_empty() {
            continue;
        }
        let executable = entry.header().mode()? & 0o100 != 0;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            digest.folder(&path);
        } else if kind.is_symlink() {
            let target = entry
                .link_name()?
                .map(|target| target.into_owned())
                .unwrap_or_default();
            digest.link(&path, target.as_os_str());
        } else if kind.is_file() {
            digest.file(&path, executable, &mut entry)?;
        } else {
            // Nothing of the kind was copied in, so it is a change.
            digest.add(&path, start(b'?', &path).finalize().into());
        }
    }
    Ok(digest.finish())
}

pub(super) struct DigestReader<'a> {
    content: &'a mut dyn Read,
    hash: Sha256,
}

impl DigestReader<'_> {
    pub(super) fn finish(self) -> EntryDigest {
        self.hash.finalize().into()
    }
}

impl Read for DigestReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
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
