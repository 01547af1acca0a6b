//! The agent's working folder: filled, and later compared with what it was filled with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bottle_backend::files::{Digest, DigestBuilder, DigestError, Entry, pack, tar_holds};
use bottle_backend::workspace::{REPOSITORY, choose, choose_repository, has_repository, is_volatile, root};
use bottle_backend::{CopyError, CopyOwner, Progress};
use bottle_plan::BottlePlan;
use bottle_plan::paths::GuestPath;
use bottle_plan::workspace::WorkspaceSource;

use crate::copy::{self, NOBODY, Tars, below};

/// The most time that a comparison may take. It reads no more than was copied.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// Fills the working folder of a guest that nobody works in yet. Returns what was copied, if anything was.
///
/// # Errors
///
/// When the host's files cannot be read or the guest's file system refuses.
pub async fn fill(
    tars: &dyn Tars,
    plan: &BottlePlan,
    ignore_files: &[PathBuf],
    progress: &dyn Progress,
) -> Result<Option<Digest>, CopyError> {
    let at = plan.workspace.guest.as_str();
    match &plan.workspace.source {
        WorkspaceSource::None => fill_with(tars, Path::new("/"), root(), at, is_volatile)
            .await
            .map(|_| None),
        WorkspaceSource::Copy { host, include } => {
            progress.step("copying the workspace");
            let chosen = choose(host, include, ignore_files).await?;
            chosen.notes.iter().for_each(|note| progress.detail(note));
            fill_with(tars, host, chosen.entries, at, is_volatile)
                .await
                .map(Some)
        }
        WorkspaceSource::Mount { host } if has_repository(host) => {
            let chosen = choose_repository(host).await?;
            chosen.notes.iter().for_each(|note| progress.detail(note));
            let (from, to) = (host.join(REPOSITORY), format!("{at}/{REPOSITORY}"));
            fill_with(tars, &from, chosen.entries, &to, is_volatile_in_repository)
                .await
                .map(Some)
        }
        WorkspaceSource::Mount { .. } => Ok(None),
    }
}

async fn fill_with(
    tars: &dyn Tars,
    host: &Path,
    entries: Vec<Entry>,
    at: &str,
    skip: fn(&Path) -> bool,
) -> Result<Digest, CopyError> {
    let (host, prefix) = (host.to_owned(), PathBuf::from(below(at)));
    copy::upload(tars, at, CopyOwner::Agent, move |writer| {
        pack(&host, &entries, &prefix, NOBODY, skip, writer)
    })
    .await
}

/// What is compared with what it was filled with.
#[derive(Debug, Clone, Copy)]
pub struct Filled<'a> {
    /// The agent's working folder.
    pub workspace: &'a GuestPath,
    /// Whether that is a folder of the host's, of which the repository alone was filled.
    pub mounted: bool,
    /// What was copied, if anything was.
    pub digest: Option<&'a str>,
}

/// Compares what was copied with what is there now: the working folder, or the agent's own repository in one that is
/// the host's.
///
/// # Errors
///
/// When the guest's files cannot be read, or not in time.
pub async fn changed(tars: &dyn Tars, filled: Filled<'_>) -> Result<bool, CopyError> {
    let workspace = filled.workspace;
    let (at, skip): (_, fn(&Path) -> bool) = match filled.mounted {
        false => (workspace.clone(), is_volatile),
        true => {
            let at = workspace.join(REPOSITORY);
            let at = at.map_err(|error| copy::guest_failed(workspace.as_str(), error.into()))?;
            (at, is_volatile_in_repository)
        }
    };
    let copied = match filled.digest {
        Some(digest) => digest
            .parse()
            .map_err(|error: DigestError| copy::guest_failed(at.as_str(), error.into()))?,
        None => DigestBuilder::skipping(is_volatile).finish(),
    };
    let compared = copy::download(tars, &at, move |tar| tar_holds(tar, &copied, skip));
    let late = |_| copy::guest_failed(at.as_str(), format!("it took longer than {LIMIT:?}").into());
    match tokio::time::timeout(LIMIT, compared).await.map_err(late)?? {
        (true, true) => Ok(false),
        (true, false) => Err(copy::guest_failed(
            at.as_str(),
            "the guest's files cannot be read".into(),
        )),
        (false, _) => Ok(true),
    }
}

/// As [`is_volatile`], below the repository's folder.
fn is_volatile_in_repository(path: &Path) -> bool {
    is_volatile(&Path::new(REPOSITORY).join(path))
}
