//! Walking a folder that nobody vouches for: no link is followed, nothing but regular files is opened, and there is an
//! end to it.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::git_config;
use super::ignores::Ignores;
use crate::CopyError;
use crate::files::{DEEPEST, Entry, EntryKind, Folder, kind};

/// The most bytes of a configuration that is read.
const MOST_CONFIG: u64 = 1 << 20;
/// The most files, folders and links that are looked at for one copy.
const MOST_SEEN: u64 = 2_000_000;
/// The most files, folders and links of one copy.
const MOST_ENTRIES: u64 = 1_000_000;
/// The most bytes of one copy: 32 GiB.
const MOST_BYTES: u64 = 32 << 30;

/// What one copy may still hold.
#[derive(Debug)]
pub(super) struct Budget {
    seen: u64,
    entries: u64,
    bytes: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            seen: MOST_SEEN,
            entries: MOST_ENTRIES,
            bytes: MOST_BYTES,
        }
    }

    /// Counts something that is looked at.
    pub(super) fn see(&mut self, at: &Path) -> Result<(), CopyError> {
        take(&mut self.seen, 1, at, "2,000,000 files to look at")
    }

    /// Counts something that is copied.
    pub(super) fn copy(&mut self, at: &Path, bytes: u64) -> Result<(), CopyError> {
        take(&mut self.entries, 1, at, "1,000,000 files")?;
        take(&mut self.bytes, bytes, at, "32 GiB")
    }

    /// Returns the names of a folder, as many as may be looked at.
    pub(super) fn names(&self, folder: &Folder, at: &Path) -> Result<Vec<std::ffi::OsString>, CopyError> {
        let most = usize::try_from(self.seen).unwrap_or(usize::MAX);
        folder
            .names_up_to(most.saturating_add(1))
            .map_err(|source| failed(at, source))
    }
}

fn take(left: &mut u64, count: u64, at: &Path, most: &'static str) -> Result<(), CopyError> {
    *left = left.checked_sub(count).ok_or_else(|| CopyError::TooMuch {
        at: at.to_owned(),
        most,
    })?;
    Ok(())
}

/// A walk through a folder.
pub(super) struct Walk<'a> {
    pub(super) folder: &'a Path,
    /// What is left out; nothing is when there is none.
    pub(super) ignores: Option<Ignores>,
    pub(super) wanted: &'a dyn Fn(&Path, bool) -> bool,
    pub(super) budget: &'a mut Budget,
    pub(super) entries: Vec<Entry>,
}

impl Walk<'_> {
    /// Takes what is wanted of a folder and all below it, but never a repository's own folder.
    pub(super) fn below(&mut self, parent: &Folder, path: &Path) -> Result<(), CopyError> {
        let at = self.folder.join(path);
        if path.components().count() >= DEEPEST {
            return Err(failed(&at, io::ErrorKind::InvalidFilename.into()));
        }
        if let Some(ignores) = &mut self.ignores {
            ignores.enter(parent, &at)?;
        }
        let names = self.budget.names(parent, &at)?;
        let is_bare = is_bare(parent);
        for name in names {
            if name != ".git" {
                self.one(parent, &name, &path.join(&name), is_bare)?;
            }
        }
        if let Some(ignores) = &mut self.ignores {
            ignores.leave();
        }
        Ok(())
    }

    fn one(&mut self, parent: &Folder, name: &OsStr, path: &Path, is_bare: bool) -> Result<(), CopyError> {
        let at = self.folder.join(path);
        self.budget.see(&at)?;
        let host = |source| failed(&at, source);
        let Some(kind) = kind(parent, name).map_err(host)? else {
            return Ok(());
        };
        let is_folder = kind == EntryKind::Folder;
        let ignored = self
            .ignores
            .as_ref()
            .is_some_and(|ignores| ignores.ignore(&at, is_folder));
        if ignored || (is_bare && name == "config.worktree") {
            return Ok(());
        }
        if (self.wanted)(path, is_folder) {
            let size = match kind {
                EntryKind::File => parent.look(name).map_err(host)?.st_size,
                _ => 0,
            };
            self.budget.copy(&at, u64::try_from(size).unwrap_or(0))?;
            let kind = match is_bare && name == "config" && kind == EntryKind::File {
                true => EntryKind::Made(config(parent).map_err(host)?),
                false => kind,
            };
            let path = path.to_owned();
            self.entries.push(Entry { path, kind });
        }
        match is_folder {
            true => self.below(&parent.enter(name).map_err(host)?, path),
            false => Ok(()),
        }
    }
}

/// Tells whether git would take a folder for a repository without a working tree.
fn is_bare(folder: &Folder) -> bool {
    let is_folder = |name: &str| matches!(kind(folder, OsStr::new(name)), Ok(Some(EntryKind::Folder)));
    folder.look(OsStr::new("HEAD")).is_ok() && is_folder("objects") && is_folder("refs")
}

/// Reads a repository's configuration and writes it anew.
pub(super) fn config(git: &Folder) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    match git.read(OsStr::new("config")) {
        Ok(file) => file.take(MOST_CONFIG).read_to_end(&mut text).map(drop)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(git_config::rebuild(&String::from_utf8_lossy(&text)).into_bytes())
}

pub(super) fn failed(path: &Path, source: io::Error) -> CopyError {
    CopyError::Host {
        path: PathBuf::from(path),
        source,
    }
}
