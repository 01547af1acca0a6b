//! The state of starts that died before their bottle ran: without it, their names would be taken for ever.

use bottle_backend::{ActiveBottle, Backend, BottleState, EngineError};
use bottle_plan::names::{Identity, Name};

use crate::Host;
use crate::state::{self, EVENTS, METADATA, Metadata, PRESERVE, StateError, StateFolder, StateLock};

/// A state folder that belongs to nothing. Nobody else can use it while this lives.
#[derive(Debug)]
pub struct Abandoned {
    identity: Identity,
    state: StateFolder,
    _lock: StateLock,
}

impl Abandoned {
    /// Returns the name that the start had taken.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Removes the folder.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn remove(self) -> Result<(), StateError> {
        self.state.remove()
    }
}

/// Says why nobody knows what is abandoned.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The backend does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The state folders cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Finds the state of a backend's starts of which the backend has nothing, no command has hold, and nothing was kept.
///
/// # Errors
///
/// When the backend does not answer or the state folders cannot be read.
pub async fn find_abandoned(backend: &dyn Backend, host: &Host) -> Result<Vec<Abandoned>, FindError> {
    let name = backend.facts().name;
    let mut found = state::identities(&host.state_root())?;
    retain_unknown(&mut found, Clone::clone, &backend.list().await?);
    let mut abandoned: Vec<_> = found
        .into_iter()
        .filter_map(|identity| take(host, &name, identity))
        .collect();
    if !abandoned.is_empty() {
        // A bottle that came between the look and the lock is known now.
        retain_unknown(
            &mut abandoned,
            |taken| taken.identity.clone(),
            &backend.list().await?,
        );
    }
    Ok(abandoned)
}

/// Leaves out what belongs to a bottle, unless that is a start that nobody finishes any more.
fn retain_unknown<T>(found: &mut Vec<T>, identity: impl Fn(&T) -> Identity, listed: &[ActiveBottle]) {
    let is_bottle = |bottle: &&ActiveBottle| bottle.attended || bottle.state != BottleState::Starting;
    let known: Vec<_> = listed
        .iter()
        .filter(is_bottle)
        .map(|bottle| &bottle.identity)
        .collect();
    found.retain(|one| !known.contains(&&identity(one)));
}

fn take(host: &Host, backend: &Name, identity: Identity) -> Option<Abandoned> {
    let state = StateFolder::of(&host.state_root(), &identity);
    if [PRESERVE, EVENTS]
        .iter()
        .any(|file| state.path().join(file).exists())
    {
        return None;
    }
    // Without it, a start may be about to take the lock.
    let metadata: Metadata = state.read_json(METADATA).ok()?;
    if metadata.backend != *backend {
        return None;
    }
    let lock = state.lock().ok()?;
    Some(Abandoned {
        identity,
        state,
        _lock: lock,
    })
}
