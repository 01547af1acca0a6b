//! A folder of the host's own for one pull, which one pull of a bottle has at a time.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bottle_util::files;

use super::PullError;
use crate::state::{StateError, StateFolder};

/// The folder. It goes when this does; what a killed command left goes with the next one, or with the bottle's state.
pub(super) struct Place {
    folder: PathBuf,
    _lock: File,
}

impl Place {
    /// Takes it, empty.
    pub(super) fn take(state: &StateFolder) -> Result<Self, PullError> {
        let lock = state.path().join("pull.lock");
        let file = File::options().create(true).append(true).mode(0o600).open(&lock);
        let file = file.map_err(|source| failed("lock", &lock, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(StateError::Locked(state.path().to_owned()).into());
            }
            Err(fs::TryLockError::Error(source)) => return Err(failed("lock", &lock, source)),
        }
        let folder = state.path().join("pull");
        clear(&folder).map_err(|source| failed("clear", &folder, source))?;
        files::create_private_dir(&folder).map_err(|source| failed("make", &folder, source))?;
        Ok(Self { folder, _lock: file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Makes a new file in it, to be written and then read.
    pub(super) fn file(&self, name: &str) -> Result<File, PullError> {
        let path = self.folder.join(name);
        let file = File::options()
            .create_new(true)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path);
        file.map_err(|source| failed("make", &path, source))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = clear(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "a folder is left");
        }
    }
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> PullError {
    let path = path.to_owned();
    StateError::Io { action, path, source }.into()
}
