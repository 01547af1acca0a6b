//! Choosing on a thread of its own: a folder may be large, and its disk slow.

use std::path::{Path, PathBuf};

use super::{Selection, select_ignoring, select_repository};
use crate::CopyError;
use crate::files::{Entry, EntryKind};

/// The name of a folder's repository.
const REPOSITORY: &str = ".git";

/// The folder itself: what is copied with it gives the root of the guest's folder its owner.
#[must_use]
pub fn root() -> Vec<Entry> {
    vec![Entry {
        path: PathBuf::new(),
        kind: EntryKind::Folder,
    }]
}

/// Chooses what of a folder is copied, the folder itself first. `ignore_files` are the user's own files of patterns.
///
/// # Errors
///
/// As [`select_ignoring`].
pub async fn choose(
    host: &Path,
    include: &[String],
    ignore_files: &[PathBuf],
) -> Result<Selection, CopyError> {
    let (folder, include, ignored) = (host.to_owned(), include.to_owned(), ignore_files.to_owned());
    let chosen = blocking(host, move || select_ignoring(&folder, &include, &ignored)).await?;
    Ok(Selection {
        entries: root().into_iter().chain(chosen.entries).collect(),
        notes: chosen.notes,
    })
}

/// Chooses what of a folder's repository is copied; its entries' paths are below the repository.
///
/// # Errors
///
/// As [`select_repository`].
pub async fn choose_repository(host: &Path) -> Result<Selection, CopyError> {
    let folder = host.to_owned();
    let chosen = blocking(host, move || select_repository(&folder)).await?;
    let below = chosen.entries.into_iter().filter_map(|entry| {
        let path = entry.path.strip_prefix(REPOSITORY).ok()?.to_owned();
        (!path.as_os_str().is_empty()).then_some(Entry { path, ..entry })
    });
    Ok(Selection {
        entries: below.collect(),
        notes: chosen.notes,
    })
}

async fn blocking<T: Send + 'static>(
    host: &Path,
    work: impl FnOnce() -> Result<T, CopyError> + Send + 'static,
) -> Result<T, CopyError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| CopyError::Host {
        path: host.to_owned(),
        source: std::io::Error::other(error),
    })?
}
