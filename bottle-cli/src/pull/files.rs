//! A workspace's files, in a folder of the host's that was new or empty.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bottle_backend::{Bottle, CopyError};
use bottle_plan::paths::GuestPath;

/// A folder that is filled in one step, or not at all.
pub(super) struct Target {
    folder: PathBuf,
    /// Beside it, so that it can take its place.
    filling: PathBuf,
}

/// Says why files were not copied.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Something lies there.
    #[error("{0} is no empty folder")]
    NotEmpty(PathBuf),
    /// The host's file system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The files did not come.
    #[error(transparent)]
    Copy(#[from] CopyError),
}

impl FilesError {
    /// Returns what the user can do about it, when something is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty(_) => Some("name a folder that is not there yet".to_owned()),
            Self::Io { path, source, .. } if source.kind() == io::ErrorKind::AlreadyExists => Some(format!(
                "a pull that was killed left {}; remove it",
                path.display()
            )),
            _ => None,
        }
    }
}

impl Target {
    /// Looks whether the folder can be filled.
    pub(super) fn begin(folder: &Path) -> Result<Self, FilesError> {
        let not_empty = || FilesError::NotEmpty(folder.to_owned());
        match fs::read_dir(folder) {
            Ok(mut entries) => match entries.next() {
                None => {}
                Some(_) => return Err(not_empty()),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return Err(not_empty()),
        }
        let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
            return Err(not_empty());
        };
        let mut filling = std::ffi::OsString::from(".");
        filling.push(name);
        filling.push(".bottle-pull");
        let filling = parent.join(filling);
        let made = fs::DirBuilder::new();
        let made = with_mode(made).create(&filling);
        made.map_err(|source| failed("make", &filling, source))?;
        Ok(Self {
            folder: folder.to_owned(),
            filling,
        })
    }

    /// Fills it with the files of a workspace.
    pub(super) async fn fill(&self, bottle: &dyn Bottle, workspace: &GuestPath) -> Result<(), FilesError> {
        bottle.cp_out(workspace, &self.filling).await?;
        let copied = self.filling.join(workspace.file_name());
        leave_git_out(&copied).map_err(|source| failed("clear", &copied, source))?;
        fs::rename(&copied, &self.folder).map_err(|source| failed("make", &self.folder, source))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.filling) {
            tracing::warn!(%error, folder = %self.filling.display(), "a folder is left");
        }
    }
}

/// Removes what a git that is run on the host would take for a repository, however it is written, and follows no link.
fn leave_git_out(top: &Path) -> io::Result<()> {
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let is_folder = entry.file_type()?.is_dir();
            if is_git(&entry.file_name().to_string_lossy()) {
                remove(&entry.path(), is_folder)?;
                continue;
            }
            names.push(entry.file_name());
            if is_folder {
                folders.push(entry.path());
            }
        }
        // A folder that holds these is a repository, whatever its name.
        if ["HEAD", "objects", "refs"]
            .iter()
            .all(|name| names.iter().any(|seen| seen == name))
        {
            for name in ["config", "config.worktree", "hooks", "commondir"] {
                let path = folder.join(name);
                folders.retain(|folder| *folder != path);
                if let Ok(meta) = fs::symlink_metadata(&path) {
                    remove(&path, meta.is_dir())?;
                }
            }
        }
    }
    Ok(())
}

/// Tells whether a file system that takes names lightly takes this one for `.git`.
fn is_git(name: &str) -> bool {
    let name = name.trim_end_matches(['.', ' ']).to_lowercase();
    name == ".git" || name == "git~1"
}

fn remove(path: &Path, is_folder: bool) -> io::Result<()> {
    match is_folder {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

fn with_mode(mut builder: fs::DirBuilder) -> fs::DirBuilder {
    use std::os::unix::fs::DirBuilderExt;
    builder.mode(0o700);
    builder
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> FilesError {
    let path = path.to_owned();
    FilesError::Io { action, path, source }
}

#[cfg(test)]
mod tests;
