//! Choosing what is copied.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::git_folder;
use crate::CopyError;
use crate::files::{Entry, EntryKind};

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
/// When a folder cannot be read, or a pattern is none.
pub fn select(folder: &Path, include: &[String]) -> Result<Selection, CopyError> {
    let mut entries = walk(folder, true, |_, _| true)?;
    if !include.is_empty() {
        let wanted = patterns(folder, include)?;
        let named = |path: &Path, is_folder: bool| {
            let matched = wanted.matched_path_or_any_parents(path, is_folder);
            matched.is_ignore()
        };
        entries.extend(walk(folder, false, named)?);
    }
    let mut selection = select_repository(folder)?;
    selection.entries.extend(entries);
    complete(&mut selection.entries);
    Ok(selection)
}

/// Chooses what of a folder's repository is copied; everything is below `.git`.
///
/// # Errors
///
/// When it cannot be read.
pub fn select_repository(folder: &Path) -> Result<Selection, CopyError> {
    let (entries, notes) = match git_folder::select(folder) {
        Ok(entries) => (entries, Vec::new()),
        Err(git_folder::Left::Out(why)) => (Vec::new(), vec![why.to_owned()]),
        Err(git_folder::Left::Failed(error)) => return Err(error),
    };
    Ok(Selection { entries, notes })
}

/// Walks a folder, never into `.git` and never over a link.
fn walk(folder: &Path, ignores: bool, wanted: impl Fn(&Path, bool) -> bool) -> Result<Vec<Entry>, CopyError> {
    let in_repository = folder.ancestors().any(|above| above.join(".git").exists());
    let mut builder = WalkBuilder::new(folder);
    builder
        .standard_filters(false)
        .git_ignore(ignores)
        .git_exclude(ignores)
        .require_git(in_repository)
        .parents(ignores && in_repository)
        .follow_links(false)
        .filter_entry(|entry| entry.file_name() != OsStr::new(".git"));
    let mut entries = Vec::new();
    for found in builder.build() {
        let found = found.map_err(|error| failed(folder, error))?;
        let Ok(path) = found.path().strip_prefix(folder) else {
            continue;
        };
        let Some(kind) = found.file_type().and_then(kind) else {
            continue;
        };
        if !path.as_os_str().is_empty() && wanted(path, kind == EntryKind::Folder) {
            let path = path.to_owned();
            entries.push(Entry { path, kind });
        }
    }
    Ok(entries)
}

fn kind(kind: std::fs::FileType) -> Option<EntryKind> {
    if kind.is_symlink() {
        Some(EntryKind::Link)
    } else if kind.is_dir() {
        Some(EntryKind::Folder)
    } else if kind.is_file() {
        Some(EntryKind::File)
    } else {
        None
    }
}

fn patterns(folder: &Path, include: &[String]) -> Result<Gitignore, CopyError> {
    let mut builder = GitignoreBuilder::new(folder);
    for pattern in include {
        builder
            .add_line(None, pattern)
            .map_err(|error| failed(folder, error))?;
    }
    builder.build().map_err(|error| failed(folder, error))
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

fn failed(folder: &Path, error: ignore::Error) -> CopyError {
    CopyError::Host {
        path: folder.to_owned(),
        source: io::Error::other(error),
    }
}
