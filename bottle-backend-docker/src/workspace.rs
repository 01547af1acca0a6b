//! The agent's working folder: a volume that is filled, or the host's own folder.

mod compare;
mod mounted;

pub(crate) use compare::{changed, remember};
pub(crate) use mounted::clear;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bollard::models::Mount;
use bottle_backend::files::{Digest, Entry, TarOwner, pack};
use bottle_backend::workspace::{choose, choose_repository, has_repository, is_volatile, root};
use bottle_backend::{CopyError, LaunchError, Owner, Progress};
use bottle_plan::BottlePlan;
use bottle_plan::paths::GuestPath;
use bottle_plan::workspace::WorkspaceSource;

use crate::copy;
use crate::engine::Engine;
use crate::labels::{AgentUser, Part};
use crate::names::Names;
use crate::spec::volume;
use compare::is_volatile_in_repository;

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
    ignore_files: &[PathBuf],
    progress: &dyn Progress,
) -> Result<Option<Digest>, LaunchError> {
    let at = &plan.workspace.guest;
    let to = Place {
        engine,
        agent,
        at,
        user,
        ignore_files,
    };
    let copied = match &plan.workspace.source {
        WorkspaceSource::None => to
            .copy(Path::new("/"), root(), at.file_name(), is_volatile)
            .await
            .map(|_| None),
        WorkspaceSource::Copy { host, include } => {
            progress.step("copying the workspace");
            to.copy_chosen(host, include, progress).await.map(Some)
        }
        WorkspaceSource::Mount { host } => {
            say_whose(host, user, progress);
            to.copy_repository(host, progress).await
        }
    };
    copied.map_err(step)
}

/// Where files go.
struct Place<'a> {
    engine: &'a Engine,
    agent: &'a str,
    at: &'a GuestPath,
    user: AgentUser,
    /// The user's own patterns of what is ignored.
    ignore_files: &'a [PathBuf],
}

impl Place<'_> {
    /// Copies what version control does not ignore.
    async fn copy_chosen(
        &self,
        host: &Path,
        include: &[String],
        progress: &dyn Progress,
    ) -> Result<Digest, CopyError> {
        let chosen = choose(host, include, self.ignore_files).await?;
        chosen.notes.iter().for_each(|note| progress.detail(note));
        self.copy(host, chosen.entries, self.at.file_name(), is_volatile)
            .await
    }

    /// Copies the repository of a mounted folder, for the agent alone.
    async fn copy_repository(
        &self,
        host: &Path,
        progress: &dyn Progress,
    ) -> Result<Option<Digest>, CopyError> {
        if !has_repository(host) {
            return Ok(None);
        }
        let chosen = choose_repository(host).await?;
        chosen.notes.iter().for_each(|note| progress.detail(note));
        let below = format!("{}/.git", self.at.file_name());
        let entries = root().into_iter().chain(chosen.entries).collect();
        let repository = host.join(".git");
        let copied = self.copy(&repository, entries, &below, is_volatile_in_repository);
        copied.await.map(Some)
    }

    /// Copies entries of a host's folder below `name`, beside the working folder.
    async fn copy(
        &self,
        host: &Path,
        entries: Vec<Entry>,
        name: &str,
        skip: fn(&Path) -> bool,
    ) -> Result<Digest, CopyError> {
        let (host, name) = (host.to_owned(), PathBuf::from(name));
        let owner = TarOwner {
            uid: self.user.uid,
            gid: self.user.gid,
        };
        copy::upload(
            self.engine,
            self.agent,
            self.at.parent().as_str(),
            move |writer| pack(&host, &entries, &name, owner, skip, writer),
        )
        .await
    }
}

/// Says so when the agent may not be able to write what it works on.
fn say_whose(host: &Path, user: AgentUser, progress: &dyn Progress) {
    use std::os::unix::fs::MetadataExt;
    let Ok(owner) = host.metadata().map(|meta| meta.uid()) else {
        return;
    };
    if owner != user.uid {
        let (folder, agent) = (host.display(), user.uid);
        let note = "it may not be able to write there";
        progress.detail(&format!(
            "{folder} belongs to user {owner} and the agent is user {agent}: {note}"
        ));
    }
}

fn step(error: CopyError) -> LaunchError {
    LaunchError::Step {
        step: "copy the workspace",
        source: error.into(),
    }
}
