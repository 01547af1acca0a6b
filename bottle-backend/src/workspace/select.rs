//! Choosing what is copied.

use std::io;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::git_folder;
use super::ignores::Ignores;
use super::walk::{Budget, Walk, failed};
use crate::CopyError;
use crate::files::{Entry, EntryKind, Folder};

/// What of a folder is copied, in the order in which it can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Each file, folder and link.
    pub entries: Vec<Entry>,
    /// What was left out for a reason that the user should know.
    pub notes: Vec<String>,
}

/// Chooses what of a folder is copied. Ignored files stay out unless a pattern of `include` (gitignore syntax)
/// names them. Links are copied as links.
///
/// # Errors
///
/// When a folder cannot be read or holds too much, or a pattern is none.
pub fn select(folder: &Path, include: &[String]) -> Result<Selection, CopyError> {
    select_ignoring(folder, include, &[])
}

/// As [`select`]; what the user's own files of patterns name is ignored too.
///
/// # Errors
///
/// As [`select`].
pub fn select_ignoring(
    folder: &Path,
    include: &[String],
    ignore_files: &[PathBuf],
) -> Result<Selection, CopyError> {
    let mut budget = Budget::new();
    let root = Folder::open(folder).map_err(|source| failed(folder, source))?;
    let mut selection = repository(folder, &mut budget)?;
    let mut walk = Walk {
        folder,
        ignores: Some(Ignores::of(folder, ignore_files)?),
        wanted: &|_, _| true,
        budget: &mut budget,
        entries: Vec::new(),
    };
    walk.below(&root, Path::new(""))?;
    selection.entries.append(&mut walk.entries);
    selection
        .notes
        .extend(walk.ignores.into_iter().flat_map(|ignores| ignores.notes));
    if !include.is_empty() {
        let patterns = patterns(folder, include)?;
        let mut walk = Walk {
            folder,
            ignores: None,
            wanted: &|path, is_folder| patterns.matched_path_or_any_parents(path, is_folder).is_ignore(),
            budget: &mut budget,
            entries: Vec::new(),
        };
        walk.below(&root, Path::new(""))?;
        selection.entries.append(&mut walk.entries);
    }
    complete(&mut selection.entries);
    Ok(selection)
}

/// Chooses what of a folder's repository is copied; everything is below `.git`.
///
/// # Errors
///
/// When it cannot be read.
pub fn select_repository(folder: &Path) -> Result<Selection, CopyError> {
    repository(folder, &mut Budget::new())
}

fn repository(folder: &Path, budget: &mut Budget) -> Result<Selection, CopyError> {
    let (entries, notes) = match git_folder::select(folder, budget) {
        Ok(entries) => (entries, Vec::new()),
        Err(git_folder::Left::Out(why)) => (Vec::new(), vec![why.to_owned()]),
        Err(git_folder::Left::Failed(error)) => return Err(error),
    };
    Ok(Selection { entries, notes })
}

fn patterns(folder: &Path, include: &[String]) -> Result<Gitignore, CopyError> {
    let mut builder = GitignoreBuilder::new(folder);
    for pattern in include {
        builder
            .add_line(None, pattern)
            .map_err(|error| failed(folder, io::Error::other(error)))?;
    }
    builder
        .build()
        .map_err(|error| failed(folder, io::Error::other(error)))
}

/// Sorts, so that folders come before what is in them, and adds folders that only a file in them asked for.
fn complete(entries: &mut Vec<Entry>) {
    let above: Vec<PathBuf> = entries
        .iter()
        .flat_map(|entry| entry.path.ancestors().skip(1))
        .filter(|path| !path.as_os_str().is_empty())
        .map(Path::to_owned)
        .collect();
    let kind = EntryKind::Folder;
    entries.extend(above.into_iter().map(|path| Entry {
        path,
        kind: kind.clone(),
    }));
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup_by(|a, b| a.path == b.path);
}
