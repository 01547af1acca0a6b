//! The agent's working folder: a volume that is filled, or the host's own folder.

mod mounted;

pub(crate) use mounted::clear;

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use bollard::models::Mount;
use bottle_backend::files::{Digest, DigestBuilder, Entry, EntryKind, TarOwner, digest_of_tar, pack};
use bottle_backend::workspace::{is_volatile, select, select_repository};
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

/// What the engine has to know of the working folder.
pub(crate) struct Workspace {
    /// The folder, and what covers parts of it.
    pub(crate) mounts: Vec<Mount>,
    /// What has to be known to take covers away again.
    pub(crate) labels: HashMap<String, String>,
}

/// Returns what is mounted for the working folder.
pub(crate) fn plan(plan: &BottlePlan, owner: &Owner, names: &Names) -> Result<Workspace, LaunchError> {
    let at = plan.workspace.guest.as_str();
    match &plan.workspace.source {
        WorkspaceSource::None | WorkspaceSource::Copy { .. } => Ok(Workspace {
            mounts: vec![volume(&names.workspace, at, false, owner, Part::Workspace)],
            labels: HashMap::new(),
        }),
        WorkspaceSource::Mount { host } => mounted::plan(host, at, owner, names),
    }
}

/// Fills the working folder of a guest that has not been started. Returns what was copied, if anything was.
pub(crate) async fn fill(
    engine: &Engine,
    agent: &str,
    plan: &BottlePlan,
    user: AgentUser,
    progress: &dyn Progress,
) -> Result<Option<Digest>, LaunchError> {
    let at = &plan.workspace.guest;
    let to = Place {
        engine,
        agent,
        at,
        user,
    };
    let copied = match &plan.workspace.source {
        WorkspaceSource::None => to
            .copy(Path::new("/"), itself(), at.file_name())
            .await
            .map(|_| None),
        WorkspaceSource::Copy { host, include } => {
            progress.step("copying the workspace");
            to.copy_chosen(host, include.clone(), progress).await.map(Some)
        }
        WorkspaceSource::Mount { host } => to.copy_repository(host, progress).await.map(|()| None),
    };
    copied.map_err(step)
}

/// Where files go.
struct Place<'a> {
    engine: &'a Engine,
    agent: &'a str,
    at: &'a GuestPath,
    user: AgentUser,
}

impl Place<'_> {
    /// Copies what version control does not ignore.
    async fn copy_chosen(
        &self,
        host: &Path,
        include: Vec<String>,
        progress: &dyn Progress,
    ) -> Result<Digest, CopyError> {
        let folder = host.to_owned();
        let chosen = blocking(host, move || select(&folder, &include)).await?;
        chosen.notes.iter().for_each(|note| progress.detail(note));
        let mut entries = itself();
        entries.extend(chosen.entries);
        self.copy(host, entries, self.at.file_name()).await
    }

    /// Copies the repository of a mounted folder, for the agent alone.
    async fn copy_repository(&self, host: &Path, progress: &dyn Progress) -> Result<(), CopyError> {
        if !mounted::has_repository(host) {
            return Ok(());
        }
        let folder = host.to_owned();
        let chosen = blocking(host, move || select_repository(&folder)).await?;
        chosen.notes.iter().for_each(|note| progress.detail(note));
        let below = format!("{}/.git", self.at.file_name());
        let mut entries = itself();
        entries.extend(chosen.entries.into_iter().filter_map(|entry| {
            let path = entry.path.strip_prefix(".git").ok()?.to_owned();
            (!path.as_os_str().is_empty()).then_some(Entry { path, ..entry })
        }));
        self.copy(&host.join(".git"), entries, &below).await.map(drop)
    }

    /// Copies entries of a host's folder below `name`, beside the working folder.
    async fn copy(&self, host: &Path, entries: Vec<Entry>, name: &str) -> Result<Digest, CopyError> {
        let (host, name) = (host.to_owned(), PathBuf::from(name));
        let owner = TarOwner {
            uid: self.user.uid,
            gid: self.user.gid,
        };
        copy::upload(
            self.engine,
            self.agent,
            self.at.parent().as_str(),
            move |writer| pack(&host, &entries, &name, owner, is_volatile, writer),
        )
        .await
    }
}

/// Compares the working folder with what went in.
pub(crate) async fn changed(
    engine: &Engine,
    (agent, sidecar): (&str, &str),
    at: &GuestPath,
) -> Result<bool, CopyError> {
    let found = copy::download(engine, agent, at, |tar| digest_of_tar(tar, is_volatile));
    let (copied, found) = tokio::try_join!(recall(engine, sidecar), found)?;
    Ok(copied != found)
}

/// Writes down what was copied, where no guest sees it.
pub(crate) async fn remember(
    engine: &Engine,
    sidecar: &str,
    copied: Option<Digest>,
) -> Result<(), LaunchError> {
    let Some(copied) = copied else { return Ok(()) };
    let file = guest_path(DIGEST).map(|path| PutFile {
        path,
        mode: 0o600,
        content: Some(copied.0.into_bytes()),
    });
    let written = match file {
        Ok(file) => copy::put_at(engine, sidecar, file).await,
        Err(error) => Err(error),
    };
    written.map_err(step)
}

/// Reads what was written down; without a note nothing was copied.
async fn recall(engine: &Engine, sidecar: &str) -> Result<Digest, CopyError> {
    let file = guest_path(DIGEST)?;
    if !copy::is_there(engine, sidecar, &file).await? {
        return Ok(DigestBuilder::skipping(is_volatile).finish());
    }
    copy::download(engine, sidecar, &file, |tar| {
        let mut text = String::new();
        if let Some(entry) = tar::Archive::new(tar).entries()?.next() {
            entry?.take(1 << 10).read_to_string(&mut text)?;
        }
        Ok(Digest(text))
    })
    .await
}

/// The folder itself, which gives a volume's root its owner.
fn itself() -> Vec<Entry> {
    vec![Entry {
        path: PathBuf::new(),
        kind: EntryKind::Folder,
    }]
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

fn guest_path(path: &str) -> Result<GuestPath, CopyError> {
    path.parse().map_err(|error| copy::guest(path, Box::new(error)))
}

fn step(error: CopyError) -> LaunchError {
    LaunchError::Step {
        step: "copy the workspace",
        source: error.into(),
    }
}
