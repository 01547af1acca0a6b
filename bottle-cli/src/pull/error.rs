//! Why nothing was brought back.

use bottle_backend::EngineError;
use bottle_plan::names::Identity;

use super::{BundleError, FilesError, GitError, GuestError, RepositoryError};
use crate::state::StateError;

/// Says why a bottle's work was not brought back.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// There is no such bottle.
    #[error("there is no bottle named {0}")]
    NoBottle(Identity),
    /// Its start is not over.
    #[error("{0} is not ready")]
    NotReady(Identity),
    /// Its state cannot be used, or another command works on it.
    #[error(transparent)]
    State(#[from] StateError),
    /// Its backend refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The guest gave nothing.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// What the guest gave is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// What the guest gave are no objects that git accepts.
    #[error("the workspace's commits are not what git accepts")]
    Rejected(#[source] GitError),
    /// The host's git could not be used.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The repository could not take them.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The files could not be copied.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The user ended it.
    #[error("cancelled")]
    Cancelled,
}

impl PullError {
    /// Returns what the user can do about it, when something is known.
    #[must_use]
    pub fn hint(&self, identity: &Identity) -> Option<String> {
        let files = || Some(format!("`bottle pull {identity} --files DIR` copies the files"));
        match self {
            Self::NoBottle(_) => Some("`bottle list` shows what is there".to_owned()),
            Self::State(StateError::Locked(_)) => Some("wait for it, or look at `bottle list`".to_owned()),
            Self::Guest(error) => error.hint().or_else(files),
            Self::Bundle(_) | Self::Rejected(_) => files(),
            Self::Repository(error) => error.hint(),
            Self::Files(error) => error.hint(),
            _ => None,
        }
    }
}
