//! A folder with a file, a socket that somebody listens on, and a pipe that somebody reads.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rustix::fs::{Mode, OFlags};
use tempfile::TempDir;

/// Open to everybody, so that no owner and no mode is the wall.
#[derive(Debug)]
pub(super) struct Stray {
    folder: TempDir,
    _listener: UnixListener,
    _reader: File,
}

impl Stray {
    pub(super) fn make(above: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix_in("bottle-stray-", above)?;
        let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
        open(folder.path(), 0o755)?;
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "private")?;
        open(&at("file"), 0o644)?;
        let listener = UnixListener::bind(at("socket"))?;
        open(&at("socket"), 0o777)?;
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), Mode::from_raw_mode(0o666))?;
        open(&at("pipe"), 0o666)?;
        let flags = i32::try_from(OFlags::NONBLOCK.bits())?;
        let reader = File::options().read(true).custom_flags(flags).open(at("pipe"))?;
        Ok(Self {
            folder,
            _listener: listener,
            _reader: reader,
        })
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("file")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub(super) fn pipe(&self) -> PathBuf {
        self.folder.path().join("pipe")
    }
}
