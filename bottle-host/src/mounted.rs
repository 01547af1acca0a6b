//! The host's own folder as the working folder.
//!
//! What programs of the host's act upon without being asked is covered, whether it is there or not. The repository is
//! a copy of the agent's own. A cover needs a place to lie on, which is made where there is none and taken away at the
//! end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bottle_backend::workspace::{COVERED, REPOSITORY, is_cover};
use bottle_backend::{CopyError, LaunchError};
use serde::{Deserialize, Serialize};

/// A folder of the host's that a guest works in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mounted {
    /// The folder.
    pub folder: PathBuf,
    /// What was made in it for covers to lie on.
    pub made: Vec<String>,
}

/// Looks at a folder and says what has to be made in it for covers to lie on, or was made before.
///
/// # Errors
///
/// When it cannot be looked at, or a link is where a cover would be.
pub fn look(host: &Path, before: Option<&Mounted>) -> Result<Mounted, LaunchError> {
    let folder = host.canonicalize().map_err(|error| failed(host, error))?;
    let before = before.filter(|before| before.folder == folder);
    let mut made = before.map(|before| before.made.clone()).unwrap_or_default();
    for name in COVERED.into_iter().chain([REPOSITORY]) {
        if !is_there(&folder.join(name))? && !made.iter().any(|made| made == name) {
            made.push(name.to_owned());
        }
    }
    Ok(Mounted { folder, made })
}

impl Mounted {
    /// Makes what is missing. It is written down before, so that it can be taken away whatever happens.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn make(&self) -> Result<(), LaunchError> {
        for name in &self.made {
            let path = self.folder.join(name);
            match fs::create_dir(&path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed(&path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes away what was made, where it is still empty.
    pub fn clear(&self) {
        for name in self.made.iter().filter(|name| is_cover(name)) {
            // What is not empty is somebody's.
            let _theirs = fs::remove_dir(self.folder.join(name));
        }
    }
}

/// Tells whether there is something to cover.
fn is_there(path: &Path) -> Result<bool, LaunchError> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() || meta.is_file() => Ok(true),
        // The guest could turn a link around while it is covered.
        Ok(_) => Err(LaunchError::Unsupported {
            what: "a mounted workspace",
            reason: format!("{} is a link and cannot be covered", path.display()),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(path, error)),
    }
}

fn failed(path: &Path, source: io::Error) -> LaunchError {
    LaunchError::Step {
        step: "cover parts of the workspace",
        source: CopyError::Host {
            path: path.to_owned(),
            source,
        }
        .into(),
    }
}
