//! The events of bottles that are gone. They stay, with what they are verified by, until `bottle cleanup`.
//!
//! Each lies in a folder of its own, `audit/<name>.<number>`: a name can be used again, and no bottle may write over
//! the traces of the one before it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bottle_plan::names::Identity;
use bottle_util::files;

use crate::state::{CHAIN, EVENTS, METADATA, StateError, StateFolder};

/// What stays of a bottle.
const KEPT: [&str; 3] = [CHAIN, EVENTS, METADATA];

/// A bottle that is gone, and whose events are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedBottle {
    identity: Identity,
    number: u64,
    folder: StateFolder,
}

impl EndedBottle {
    /// Returns the name that the bottle had.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the folder, which is read as a running bottle's is.
    #[must_use]
    pub fn folder(&self) -> &StateFolder {
        &self.folder
    }

    /// Removes the events.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn remove(&self) -> Result<(), StateError> {
        self.folder.remove()
    }
}

/// Lists what stays of ended bottles below [`Host::events_root`](crate::Host::events_root), in the order of names, and the oldest of a name first.
///
/// # Errors
///
/// When the folder cannot be read; that it does not exist is no error.
pub fn ended_bottles(root: &Path) -> Result<Vec<EndedBottle>, StateError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed("read", root.to_owned(), source)),
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let (identity, number) = name.to_str()?.rsplit_once('.')?;
            Some(EndedBottle {
                identity: identity.parse().ok()?,
                number: number.parse().ok()?,
                folder: StateFolder::at(entry.path()),
            })
        })
        .collect();
    found.sort_by(|a, b| (&a.identity, a.number).cmp(&(&b.identity, b.number)));
    Ok(found)
}

/// Removes the state of a bottle that is gone, all but its events.
pub(crate) fn retire(root: &Path, identity: &Identity, state: &StateFolder) -> Result<(), StateError> {
    let recorded = state.path().join(EVENTS);
    if !fs::metadata(&recorded).is_ok_and(|meta| meta.len() > 0) {
        return state.remove();
    }
    let earlier = ended_bottles(root)?;
    let earlier = earlier.iter().filter(|ended| ended.identity == *identity);
    let number = earlier.map(|ended| ended.number).max().unwrap_or(0) + 1;
    files::create_private_dir(root).map_err(|source| failed("make", root.to_owned(), source))?;
    let folder = root.join(format!("{identity}.{number}"));
    // One step: whenever this is cut short, all of it is in one place or in the other.
    fs::rename(state.path(), &folder).map_err(|source| failed("move", state.path().to_owned(), source))?;
    remove_all_but(&folder, &KEPT).map_err(|source| failed("clear", folder, source))
}

fn remove_all_but(folder: &Path, kept: &[&str]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if kept.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

fn failed(action: &'static str, path: PathBuf, source: io::Error) -> StateError {
    StateError::Io { action, path, source }
}

#[cfg(test)]
mod tests;
