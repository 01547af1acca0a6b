//! What of a repository's own folder is copied: history, index and where the user was, by a list of names. Hooks,
//! reflogs, stashes, other working trees and whatever else may lie there stay on the host.
//!
//! Objects are copied as they lie, those that no reference leads to as well: which those are only git can tell, and
//! git is not run on a folder that an agent may have written.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::walk::{Budget, config, failed as host};
use crate::CopyError;
use crate::files::{DEEPEST, Entry, EntryKind, Folder, kind};

const FILES: [&str; 7] = [
    "HEAD",
    "index",
    "shallow",
    "MERGE_HEAD",
    "MERGE_MSG",
    "MERGE_MODE",
    "CHERRY_PICK_HEAD",
];
const FOLDERS: [&str; 2] = ["objects", "refs"];
const IN_INFO: [&str; 2] = ["exclude", "sparse-checkout"];
/// The references that hold what the user put away.
const STASH: &str = "refs/stash";
/// The most bytes of a list of references.
const MOST_REFERENCES: u64 = 64 << 20;

/// Says why there is no repository in the copy.
pub(super) enum Left {
    /// It is left out, and the user should know.
    Out(&'static str),
    /// It cannot be read.
    Failed(CopyError),
}

/// Chooses what of `.git` is copied; nothing when there is none.
pub(super) fn select(workspace: &Path, budget: &mut Budget) -> Result<Vec<Entry>, Left> {
    let root = Folder::open(workspace).map_err(|error| Left::Failed(host(workspace, error)))?;
    let name = OsStr::new(".git");
    let git = match kind(&root, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Ok(Some(EntryKind::Folder)) => root.enter(name),
        Ok(_) => {
            return Err(Left::Out(
                "the workspace's .git points elsewhere (a worktree or submodule): its history is not copied",
            ));
        }
        Err(error) => Err(error),
    };
    let git = git.map_err(|error| Left::Failed(host(workspace, error)))?;
    let alternates = git
        .enter(OsStr::new("objects"))
        .and_then(|objects| objects.enter(OsStr::new("info")))
        .and_then(|info| info.look(OsStr::new("alternates")));
    if alternates.is_ok() {
        return Err(Left::Out(
            "the workspace's history lies partly in another repository: it is not copied; `git repack -a -d` and \
             removing .git/objects/info/alternates brings it here",
        ));
    }
    if git.look(OsStr::new("reftable")).is_ok() {
        return Err(Left::Out(
            "the workspace keeps its references and stashes in one table: its history is not copied; \
             `git refs migrate --ref-format=files` takes them apart",
        ));
    }
    let mut chosen = Chosen {
        at: workspace.join(".git"),
        budget,
        entries: Vec::new(),
    };
    chosen.all_of(&git).map_err(Left::Failed)?;
    Ok(chosen.entries)
}

/// What was chosen so far.
struct Chosen<'a> {
    at: PathBuf,
    budget: &'a mut Budget,
    entries: Vec<Entry>,
}

impl Chosen<'_> {
    fn all_of(&mut self, git: &Folder) -> Result<(), CopyError> {
        let top = Path::new("");
        self.add(top, EntryKind::Folder, 0)?;
        for name in FILES {
            self.file(git, name, top)?;
        }
        for name in FOLDERS {
            if let Ok(deeper) = git.enter(OsStr::new(name)) {
                self.tree(&deeper, Path::new(name))?;
            }
        }
        if let Ok(info) = git.enter(OsStr::new("info")) {
            self.add(Path::new("info"), EntryKind::Folder, 0)?;
            for name in IN_INFO {
                self.file(&info, name, Path::new("info"))?;
            }
        }
        self.packed_references(git)?;
        // The configuration is not copied but written anew.
        let rebuilt = config(git).map_err(|error| host(&self.at.join("config"), error))?;
        self.add(Path::new("config"), EntryKind::Made(rebuilt), 0)
    }

    /// Takes a file if it is one.
    fn file(&mut self, parent: &Folder, name: &str, below: &Path) -> Result<(), CopyError> {
        let path = below.join(name);
        match parent.look(OsStr::new(name)) {
            Ok(seen) if matches!(kind(parent, OsStr::new(name)), Ok(Some(EntryKind::File))) => {
                self.add(&path, EntryKind::File, seen.st_size)
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(host(&self.at.join(path), error)),
            _ => Ok(()),
        }
    }

    /// Takes the files and folders of a folder. Links are none of git's.
    fn tree(&mut self, parent: &Folder, below: &Path) -> Result<(), CopyError> {
        let at = self.at.join(below);
        if below.components().count() >= DEEPEST {
            return Err(host(&at, io::ErrorKind::InvalidFilename.into()));
        }
        self.add(below, EntryKind::Folder, 0)?;
        for name in self.budget.names(parent, &at)? {
            let path = below.join(&name);
            self.budget.see(&self.at.join(&path))?;
            if path == Path::new(STASH) {
                continue;
            }
            let failed = |error| host(&at.join(&name), error);
            match kind(parent, &name).map_err(failed)? {
                Some(EntryKind::Folder) => self.tree(&parent.enter(&name).map_err(failed)?, &path)?,
                Some(EntryKind::File) => {
                    let size = parent.look(&name).map_err(failed)?.st_size;
                    self.add(&path, EntryKind::File, size)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes the list of references, without stashes.
    fn packed_references(&mut self, git: &Folder) -> Result<(), CopyError> {
        let name = "packed-refs";
        let at = self.at.join(name);
        let file = match git.read(OsStr::new(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(host(&at, error)),
        };
        let mut text = Vec::new();
        let read = file.take(MOST_REFERENCES + 1).read_to_end(&mut text);
        if read.map_err(|error| host(&at, error))? as u64 > MOST_REFERENCES {
            let most = "64 MiB of packed references";
            return Err(CopyError::TooMuch { at, most });
        }
        self.add(Path::new(name), EntryKind::Made(without_stash(&text)), 0)
    }

    fn add(&mut self, path: &Path, kind: EntryKind, size: i64) -> Result<(), CopyError> {
        let size = u64::try_from(size).unwrap_or(0);
        self.budget.copy(&self.at.join(path), size)?;
        let path = match path.as_os_str().is_empty() {
            true => PathBuf::from(".git"),
            false => Path::new(".git").join(path),
        };
        self.entries.push(Entry { path, kind });
        Ok(())
    }
}

/// Takes the line of the stash away, and that of the commit that it stands for (git-pack-refs(1)).
fn without_stash(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut dropped = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        dropped = match line.starts_with(b"^") {
            true => dropped,
            false => line.trim_ascii_end().ends_with(b" refs/stash"),
        };
        if !dropped {
            kept.extend_from_slice(line);
        }
    }
    kept
}
