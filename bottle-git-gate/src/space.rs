//! How much all that a gate keeps may take: every writer gets a part of what is left, so that they never take more together.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is written at once: a pack, its index and the reverse of that.
const FILES: u64 = 3;
/// Each writer gets one of so many parts of what is left.
const PART: u64 = 4;
/// With less than this for a file nothing is begun.
const LEAST: u64 = 1 << 20;

/// The space of one gate.
#[derive(Debug)]
pub(crate) struct Space {
    folder: PathBuf,
    most: u64,
    /// What those who write now may take.
    given: Mutex<u64>,
}

/// What one writer may take; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    space: Arc<Space>,
    bytes: u64,
}

/// Says that there is no space left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mirrors of this bottle have reached the size that they may have together")]
pub(crate) struct NoSpace;

impl Space {
    pub(crate) fn new(folder: &Path, most: u64) -> Arc<Self> {
        Arc::new(Self {
            folder: folder.to_owned(),
            most,
            given: Mutex::new(0),
        })
    }

    /// Gives a part of what is left, small enough that many writers find some. To look what is left takes a while.
    pub(crate) async fn share(self: &Arc<Self>) -> Result<Share, NoSpace> {
        let space = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || space.share_now()).await;
        looked.unwrap_or(Err(NoSpace))
    }

    fn share_now(self: &Arc<Self>) -> Result<Share, NoSpace> {
        let mut given = self.given();
        let left = self
            .most
            .saturating_sub(taken(&self.folder))
            .saturating_sub(*given);
        let bytes = left / PART;
        if bytes / FILES < LEAST {
            return Err(NoSpace);
        }
        *given += bytes;
        Ok(Share {
            space: Arc::clone(self),
            bytes,
        })
    }

    fn given(&self) -> MutexGuard<'_, u64> {
        // A number is never half written.
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// How large each file may become.
    pub(crate) fn file(&self) -> u64 {
        self.bytes / FILES
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut given = self.space.given();
        *given = given.saturating_sub(self.bytes);
    }
}

/// The bytes of all files below a folder. What goes away meanwhile takes nothing.
fn taken(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => taken(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_never_get_more_together_than_there_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), vec![0; 10 << 20]).unwrap();
        let space = Space::new(folder.path(), 90 << 20);
        let first = space.share_now().unwrap();
        assert_eq!(first.file(), (20 << 20) / FILES);
        let shares: Vec<Share> = std::iter::from_fn(|| space.share_now().ok()).collect();
        let given: u64 = shares.iter().chain([&first]).map(|share| share.bytes).sum();
        assert!(
            given <= 80 << 20 && shares.len() == 6,
            "{given}, {}",
            shares.len()
        );
        drop((first, shares));
        assert_eq!(space.share_now().unwrap().bytes, 20 << 20);
        std::fs::write(folder.path().join("a/b"), vec![0; 85 << 20]).unwrap();
        assert_eq!(space.share_now().err(), Some(NoSpace));
    }
}
