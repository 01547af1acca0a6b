//! The agent's working folder: a volume that is filled, or the host's own folder.

mod mounted;

use std::path::{Path, PathBuf};

use bollard::models::Mount;
use bottle_backend::files::{Digest, Entry, EntryKind, TarOwner, digest_of_tar, pack};
use bottle_backend::workspace::{Selection, is_volatile, select};
use bottle_backend::{CopyError, LaunchError, Owner, Progress, PutFile};
use bottle_plan::BottlePlan;
use bottle_plan::paths::GuestPath;
use bottle_plan::workspace::WorkspaceSource;

use crate::copy;
use crate::engine::Engine;
use crate::labels::{AgentUser, Part};
use crate::names::Names;
use crate::spec::volume;

/// Where the sidecar's own volume keeps what the copied workspace was: no guest sees it.
const DIGEST: &str = "/events/workspace.digest";

/// Returns what is mounted for the working folder.
pub(crate) fn mounts(plan: &BottlePlan, owner: &Owner, names: &Names) -> Result<Vec<Mount>, LaunchError> {
    let at = plan.workspace.guest.as_str();
    match &plan.workspace.source {
        WorkspaceSource::None | WorkspaceSource::Copy { .. } => {
            Ok(vec![volume(&names.workspace, at, false, owner, Part::Workspace)])
        }
        WorkspaceSource::Mount { host } => mounted::mounts(host, at),
    }
}

/// Fills the working folder of a guest that has not been started, and remembers outside what went in.
pub(crate) async fn fill(
    engine: &Engine,
    (agent, sidecar): (&str, &str),
    plan: &BottlePlan,
    user: AgentUser,
    progress: &dyn Progress,
) -> Result<(), LaunchError> {
    let filled = match &plan.workspace.source {
        WorkspaceSource::Mount { .. } => return Ok(()),
        WorkspaceSource::None => copy_selection(engine, agent, plan, user, Path::new("/"), nothing()).await,
        WorkspaceSource::Copy { host, include } => {
            progress.step("copying the workspace");
            match choose(host.clone(), include.clone()).await {
                Ok(selection) => {
                    selection.notes.iter().for_each(|note| progress.detail(note));
                    copy_selection(engine, agent, plan, user, host, selection).await
                }
                Err(error) => Err(error),
            }
        }
    };
    let digest = filled.map_err(step)?;
    remember(engine, sidecar, digest).await.map_err(step)
}

/// Compares the working folder with what went in.
pub(crate) async fn changed(
    engine: &Engine,
    (agent, sidecar): (&str, &str),
    at: &GuestPath,
) -> Result<bool, CopyError> {
    let file = guest_path(DIGEST)?;
    let remembered = copy::download(engine, sidecar, &file, |tar| {
        let mut text = String::new();
        if let Some(entry) = tar::Archive::new(tar).entries()?.next() {
            use std::io::Read;
            entry?.take(1 << 10).read_to_string(&mut text)?;
        }
        Ok(text)
    });
    let found = copy::download(engine, agent, at, |tar| digest_of_tar(tar, is_volatile));
    let (remembered, found) = tokio::try_join!(remembered, found)?;
    Ok(remembered != found.0)
}

async fn choose(host: PathBuf, include: Vec<String>) -> Result<Selection, CopyError> {
    let path = host.clone();
    let chosen = tokio::task::spawn_blocking(move || select(&host, &include)).await;
    chosen.map_err(|error| CopyError::Host {
        path,
        source: std::io::Error::other(error),
    })?
}

fn nothing() -> Selection {
    Selection {
        entries: Vec::new(),
        notes: Vec::new(),
    }
}

async fn copy_selection(
    engine: &Engine,
    agent: &str,
    plan: &BottlePlan,
    user: AgentUser,
    host: &Path,
    mut selection: Selection,
) -> Result<Digest, CopyError> {
    let at = &plan.workspace.guest;
    let (host, name) = (host.to_owned(), PathBuf::from(at.file_name()));
    let owner = TarOwner {
        uid: user.uid,
        gid: user.gid,
    };
    // The folder itself, which gives the volume's root its owner.
    selection.entries.insert(
        0,
        Entry {
            path: PathBuf::new(),
            kind: EntryKind::Folder,
        },
    );
    copy::upload(engine, agent, at.parent().as_str(), move |writer| {
        pack(&host, &selection.entries, &name, owner, is_volatile, writer)
    })
    .await
}

async fn remember(engine: &Engine, sidecar: &str, digest: Digest) -> Result<(), CopyError> {
    let file = PutFile {
        path: guest_path(DIGEST)?,
        mode: 0o600,
        content: Some(digest.0.into_bytes()),
    };
    copy::put_at(engine, sidecar, file).await
}

fn guest_path(path: &str) -> Result<GuestPath, CopyError> {
    path.parse().map_err(|error| copy::guest(path, Box::new(error)))
}

fn step(error: CopyError) -> LaunchError {
    LaunchError::Step {
        step: "copy the workspace",
        source: error.into(),
    }
}
