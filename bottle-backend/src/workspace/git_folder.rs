//! What of a repository's own folder is copied: history, index and where the user was, by a list of names. Hooks,
//! reflogs, other working trees and whatever else may lie there stay on the host.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::git_config;
use crate::CopyError;
use crate::files::{Entry, EntryKind, Folder, kind};

const FILES: [&str; 9] = [
    "HEAD",
    "index",
    "packed-refs",
    "shallow",
    "ORIG_HEAD",
    "MERGE_HEAD",
    "MERGE_MSG",
    "MERGE_MODE",
    "CHERRY_PICK_HEAD",
];
const FOLDERS: [&str; 3] = ["objects", "refs", "reftable"];
const IN_INFO: [&str; 2] = ["exclude", "sparse-checkout"];
/// The most bytes of a configuration that is read.
const MOST_CONFIG: u64 = 1 << 20;

/// Says why there is no repository in the copy.
pub(super) enum Left {
    /// It is left out, and the user should know.
    Out(&'static str),
    /// It cannot be read.
    Failed(CopyError),
}

/// Chooses what of `.git` is copied; nothing when there is none.
pub(super) fn select(workspace: &Path) -> Result<Vec<Entry>, Left> {
    let root = Folder::open(workspace).map_err(|error| failed(workspace, error))?;
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
    let git = git.map_err(|error| failed(workspace, error))?;
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
    entries(&git).map_err(|error| failed(&workspace.join(".git"), error))
}

fn entries(git: &Folder) -> io::Result<Vec<Entry>> {
    let base = PathBuf::from(".git");
    let mut entries = vec![folder(base.clone())];
    for name in FILES {
        one(git, name, &base, &mut entries)?;
    }
    for name in FOLDERS {
        if let Ok(deeper) = git.enter(OsStr::new(name)) {
            all(&deeper, &base.join(name), &mut entries)?;
        }
    }
    if let Ok(info) = git.enter(OsStr::new("info")) {
        entries.push(folder(base.join("info")));
        for name in IN_INFO {
            one(&info, name, &base.join("info"), &mut entries)?;
        }
    }
    entries.push(config(git, &base)?);
    Ok(entries)
}

/// Takes a file if it is one.
fn one(parent: &Folder, name: &str, below: &Path, entries: &mut Vec<Entry>) -> io::Result<()> {
    match kind(parent, OsStr::new(name)) {
        Ok(Some(EntryKind::File)) => entries.push(Entry {
            path: below.join(name),
            kind: EntryKind::File,
        }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    Ok(())
}

/// Takes the files and folders of a folder. Links are none of git's.
fn all(parent: &Folder, below: &Path, entries: &mut Vec<Entry>) -> io::Result<()> {
    entries.push(folder(below.to_owned()));
    for name in parent.names()? {
        let path = below.join(&name);
        match kind(parent, &name)? {
            Some(EntryKind::Folder) => all(&parent.enter(&name)?, &path, entries)?,
            Some(EntryKind::File) => entries.push(Entry {
                path,
                kind: EntryKind::File,
            }),
            _ => {}
        }
    }
    Ok(())
}

/// The configuration is not copied but written anew.
fn config(git: &Folder, base: &Path) -> io::Result<Entry> {
    use io::Read;
    let mut text = Vec::new();
    match git.read(OsStr::new("config")) {
        Ok(file) => file.take(MOST_CONFIG).read_to_end(&mut text).map(drop)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let rebuilt = git_config::rebuild(&String::from_utf8_lossy(&text));
    Ok(Entry {
        path: base.join("config"),
        kind: EntryKind::Made(rebuilt.into_bytes()),
    })
}

fn folder(path: PathBuf) -> Entry {
    Entry {
        path,
        kind: EntryKind::Folder,
    }
}

fn failed(path: &Path, source: io::Error) -> Left {
    Left::Failed(CopyError::Host {
        path: path.to_owned(),
        source,
    })
}
