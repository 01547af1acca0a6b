//! Getting an agent's work out of its bottle: its commits as a branch of the user's repository, or its files.
//!
//! Everything in the guest is hostile, its git included. It writes a bundle; the host reads that as bytes, has git
//! check the objects in a new repository that knows no other one, and only then gives the user's repository those
//! that it lacks. Git on the host never opens a folder that a guest has written, and no remote, hook or program that a
//! configuration names takes part.

mod awake;
mod bundle;
mod error;
mod files;
mod git;
mod guest;
mod place;
mod quarantine;
mod repository;

pub use bundle::BundleError;
pub use error::PullError;
pub use files::FilesError;
pub use git::GitError;
pub use guest::GuestError;
pub use repository::RepositoryError;

use std::path::PathBuf;

use bottle_backend::{Bottle, Cancel, Progress};
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;

use crate::state::{METADATA, Metadata, StateFolder};
use crate::{Host, Wiring};
use awake::Awake;
use git::Git;
use guest::Guest;
use place::Place;
use quarantine::Quarantine;
use repository::Repository;

/// Whose commits are brought back, and where to.
#[derive(Debug, Clone)]
pub struct PullCommits {
    /// The bottle.
    pub identity: Identity,
    /// A folder of the repository that they are brought to. Without one it is where the bottle was started, or, where
    /// that is no repository, the working folder.
    pub repository: Option<PathBuf>,
    /// The branch of the workspace; what is checked out there when none is named.
    pub branch: Option<String>,
}

/// Commits that were brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The repository that has them now: its git folder.
    pub repository: PathBuf,
    /// How it was chosen.
    pub chosen: Chosen,
    /// The branch that they are on.
    pub branch: String,
    /// What became of the branch.
    pub outcome: Outcome,
    /// How many commits no branch, remote branch or tag of the repository had.
    pub commits: u64,
    /// How many files in the workspace are changed or new, and in no commit; none when they are too many to count.
    /// The guest's word.
    pub uncommitted: Option<u64>,
    /// Further branches of the workspace that hold commits, as the guest names them.
    pub others: Vec<String>,
}

/// How a repository was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// The user named it.
    Named,
    /// The bottle was started there.
    Started,
    /// It is the working folder's, because the bottle was started in no repository.
    Current,
}

/// What became of the branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Made,
    /// It was moved on.
    Moved,
    /// It was at these commits already.
    Same,
    /// There is none: the repository has all of the workspace's commits elsewhere.
    Nothing,
}

/// Brings the commits of a running or preserved bottle's workspace to the branch `bottle/<identity>` of a repository.
/// A preserved guest is woken without its doors and put to rest again, whatever happens.
///
/// # Errors
///
/// When there is no such bottle, its workspace has no commits, they are not what git accepts, or the branch cannot be
/// moved to them. The repository's branches are as they were then.
pub async fn pull_commits(
    wiring: &Wiring,
    host: &Host,
    request: &PullCommits,
    progress: &dyn Progress,
    mut cancel: Cancel,
) -> Result<Pulled, PullError> {
    let state = StateFolder::of(&host.state_root(), &request.identity);
    let workspace = workspace_of(&state, &request.identity)?;
    let place = Place::take(&state)?;
    let git = Git::find(host, place.path())?;
    let (repository, chosen) = choose(&git, host, &state, request).await?;
    repository.check(&request.identity).await?;
    let awake = Awake::open(wiring, &state, &request.identity, progress).await?;
    let pull = Pull {
        git: &git,
        place: &place,
        repository: &repository,
        request,
        progress,
    };
    let pulled = tokio::select! {
        pulled = pull.run(awake.bottle(), workspace) => pulled,
        () = cancel.cancelled() => Err(PullError::Cancelled),
    };
    awake.rest(progress).await;
    let pulled = pulled?;
    Ok(Pulled { chosen, ..pulled })
}

/// Copies the files of a running or preserved bottle's workspace to a folder that is new or empty. What belongs to git
/// stays behind: a program on the host would act upon its configuration.
///
/// # Errors
///
/// When there is no such bottle, or the folder cannot be made from its files; it is as it was then.
pub async fn pull_files(
    wiring: &Wiring,
    host: &Host,
    identity: &Identity,
    folder: &std::path::Path,
    progress: &dyn Progress,
    mut cancel: Cancel,
) -> Result<(), PullError> {
    let state = StateFolder::of(&host.state_root(), identity);
    let workspace = workspace_of(&state, identity)?;
    let target = files::Target::begin(&host.directory.join(folder))?;
    let awake = Awake::open(wiring, &state, identity, progress).await?;
    progress.step("copying the workspace");
    let copied = tokio::select! {
        copied = target.fill(awake.bottle(), &workspace) => copied.map_err(PullError::from),
        () = cancel.cancelled() => Err(PullError::Cancelled),
    };
    awake.rest(progress).await;
    copied
}

fn workspace_of(state: &StateFolder, identity: &Identity) -> Result<GuestPath, PullError> {
    if !state.path().is_dir() {
        return Err(PullError::NoBottle(identity.clone()));
    }
    Ok(state.plan()?.workspace.guest)
}

/// Finds the repository.
async fn choose(
    git: &Git,
    host: &Host,
    state: &StateFolder,
    request: &PullCommits,
) -> Result<(Repository, Chosen), PullError> {
    if let Some(named) = &request.repository {
        let named = host.directory.join(named);
        return Ok((Repository::open(git, &named).await?, Chosen::Named));
    }
    let started = state.read_json::<Metadata>(METADATA)?.cwd;
    match Repository::discover(git, &started).await {
        Ok(repository) => Ok((repository, Chosen::Started)),
        Err(RepositoryError::None { .. }) => {
            let current = Repository::discover(git, &host.directory).await;
            Ok((current?, Chosen::Current))
        }
        Err(error) => Err(error.into()),
    }
}

/// One pull of commits under way.
struct Pull<'a> {
    git: &'a Git,
    place: &'a Place,
    repository: &'a Repository,
    request: &'a PullCommits,
    progress: &'a dyn Progress,
}

impl Pull<'_> {
    async fn run(&self, bottle: &dyn Bottle, workspace: GuestPath) -> Result<Pulled, PullError> {
        let guest = Guest {
            bottle,
            workspace,
            most: guest::MOST_BUNDLE,
        };
        self.progress.step("asking what the workspace holds");
        let found = guest.look(self.request.branch.as_deref()).await?;
        self.progress.step("reading the commits");
        let file = self.place.file("bundle")?;
        let bundle = guest.bundle(&found.reference, file).await?;
        self.progress.step("checking the commits");
        let repository = self.repository;
        let wanted = &found.reference;
        let held = Quarantine::make(self.git, self.place, bundle, wanted, repository.shallow()).await?;
        let had = held.commits_among(&repository.tips().await?).await?;
        let commits = held.count_without(&had).await?;
        let earlier = repository.branch(&self.request.identity).await?;
        if let Some(earlier) = &earlier
            && !held.is_ancestor(earlier).await?
        {
            return Err(repository.moved_on(&self.request.identity).into());
        }
        let outcome = match &earlier {
            None if commits == 0 => Outcome::Nothing,
            None => Outcome::Made,
            Some(earlier) if earlier == held.tip() => Outcome::Same,
            Some(_) => Outcome::Moved,
        };
        if matches!(outcome, Outcome::Made | Outcome::Moved) {
            self.progress.step("bringing the commits home");
            let pack = held.pack_without(&had, self.place).await?;
            repository.take(pack).await?;
            let (identity, tip) = (&self.request.identity, held.tip());
            repository.set(identity, tip, earlier.as_deref()).await?;
        }
        Ok(Pulled {
            repository: repository.folder().to_owned(),
            chosen: Chosen::Named,
            branch: repository::branch_of(&self.request.identity),
            outcome,
            commits,
            uncommitted: found.uncommitted,
            others: found.others,
        })
    }
}

#[cfg(test)]
mod tests;
