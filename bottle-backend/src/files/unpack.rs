//! A tar that a guest had its hands in, unpacked below a folder of the host's.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::Folder;

/// The most entries of one tar.
const MOST_ENTRIES: u64 = 2_000_000;
/// The most dropped entries that are named.
const MOST_NAMED: usize = 100;

/// What unpacking did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// How many files and links are there now.
    pub files: u64,
    /// What was left out, and why; at most a hundred are named.
    pub dropped: Vec<(PathBuf, &'static str)>,
}

impl Unpacked {
    /// Writes what was left out to the log.
    pub fn warn(&self) {
        for (path, why) in &self.dropped {
            let path = bottle_util::untrusted::line(&path.to_string_lossy());
            tracing::warn!(%path, why, "left out of what was copied");
        }
    }
}

/// Unpacks below a folder that exists, and never outside of it, whatever the tar says and whatever lies there.
///
/// Links that lead out, devices, sockets and pipes are left out; set-id bits and owners are not kept. A file that is
/// in the way is replaced.
///
/// # Errors
///
/// When it is no tar, holds more than `most_bytes`, or the folder cannot be written.
pub fn unpack(tar: impl Read, into: &Path, most_bytes: u64) -> io::Result<Unpacked> {
    let mut unpacker = Unpacker {
        root: Folder::open(into)?,
        left: most_bytes,
        done: Unpacked::default(),
    };
    let mut archive = tar::Archive::new(tar);
    for (number, entry) in archive.entries()?.enumerate() {
        if number as u64 >= MOST_ENTRIES {
            return Err(too_much("too many files"));
        }
        unpacker.entry(&mut entry?)?;
    }
    Ok(unpacker.done)
}

/// Tells whether a link would lead out of the folder that holds it.
///
/// Parts that climb may only stand in front: after a part that might be a link itself, where `..` leads is not to be
/// seen from the text.
pub(super) fn climbs_out(parent: &Path, target: &Path) -> bool {
    let mut depth = parent.components().count();
    let mut named = false;
    for part in target.components() {
        match part {
            Component::ParentDir if named || depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => named = true,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

struct Unpacker {
    root: Folder,
    left: u64,
    done: Unpacked,
}

impl Unpacker {
    fn entry<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> io::Result<()> {
        // A file of holes announces more than any disk has, and would be written out to the bound.
        if entry.size() > self.left {
            return Err(too_much("too many bytes"));
        }
        let path = match plain(&entry.path()?) {
            Ok(Some(path)) => path,
            Ok(None) => return Ok(()),
            Err(path) => return self.drop(path, "its path leads out of the folder"),
        };
        if path.components().count() > super::DEEPEST {
            return self.drop(path, "its path is too deep");
        }
        let mode = entry.header().mode()?;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            return self.folders(&path).map(drop);
        }
        let link = entry.link_name()?.map(|target| target.into_owned());
        match (kind, link) {
            (tar::EntryType::Regular | tar::EntryType::Continuous, _) => self.file(&path, mode, entry),
            (tar::EntryType::Symlink, Some(target)) => self.link(&path, &target),
            (tar::EntryType::Link, Some(target)) => self.copy(&path, mode, &target),
            _ => self.drop(path, "it is no file, folder or link"),
        }
    }

    fn file(&mut self, path: &Path, mode: u32, content: &mut impl Read) -> io::Result<()> {
        let mut file = self.replace(path, mode)?;
        let written = io::copy(&mut content.take(self.left.saturating_add(1)), &mut file)?;
        self.left = self
            .left
            .checked_sub(written)
            .ok_or_else(|| too_much("too many bytes"))?;
        file.flush()?;
        self.done.files += 1;
        Ok(())
    }

    fn link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        let parent = path.parent().unwrap_or(Path::new(""));
        if climbs_out(parent, target) {
            return self.drop(path.to_owned(), "the link leaves the folder");
        }
        let (folder, name) = self.clear(path)?;
        folder.make_link(&name, target.as_os_str())?;
        self.done.files += 1;
        Ok(())
    }

    /// A second name of a file becomes a file of its own.
    fn copy(&mut self, path: &Path, mode: u32, target: &Path) -> io::Result<()> {
        let Ok(Some(target)) = plain(target) else {
            return self.drop(path.to_owned(), "its other name leads out of the folder");
        };
        let first = self
            .root
            .parent_of(&target)
            .and_then(|(folder, name)| folder.read(name));
        match first {
            Ok(mut first) => self.file(path, mode, &mut first),
            Err(_) => self.drop(path.to_owned(), "its other name is not there"),
        }
    }

    fn replace(&self, path: &Path, mode: u32) -> io::Result<std::fs::File> {
        let (folder, name) = self.clear(path)?;
        folder.create(&name, (mode & 0o777) | 0o600)
    }

    /// Makes the way to a path and removes what lies there. A folder that is in the way and not empty is an error.
    fn clear(&self, path: &Path) -> io::Result<(Folder, std::ffi::OsString)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        let folder = self.folders(path.parent().unwrap_or(Path::new("")))?;
        match folder.remove(&name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
        Ok((folder, name))
    }

    /// Opens a folder below the root, making what is missing. What is no folder makes way.
    fn folders(&self, path: &Path) -> io::Result<Folder> {
        let mut folder = self.root.again()?;
        for name in path.iter() {
            folder = enter_or_make(&folder, name)?;
        }
        Ok(folder)
    }

    fn drop(&mut self, path: PathBuf, why: &'static str) -> io::Result<()> {
        if self.done.dropped.len() < MOST_NAMED {
            self.done.dropped.push((path, why));
        }
        Ok(())
    }
}

fn enter_or_make(folder: &Folder, name: &OsStr) -> io::Result<Folder> {
    match folder.enter(name) {
        Ok(deeper) => return Ok(deeper),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(_) => folder.remove(name)?,
    }
    folder.make_folder(name)?;
    folder.enter(name)
}

/// Returns a path without its harmless parts; none when nothing is left, itself when it climbs.
fn plain(path: &Path) -> Result<Option<PathBuf>, PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            _ => return Err(path.to_owned()),
        }
    }
    Ok((!plain.as_os_str().is_empty()).then_some(plain))
}

fn too_much(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, what)
}

#[cfg(test)]
mod tests;
