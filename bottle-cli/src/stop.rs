//! Ending a bottle that this process did not start.

use std::time::Duration;

use bottle_backend::{EngineError, Owner};
use bottle_plan::names::Identity;
use rustix::process::{Pid, Signal, kill_process};

use crate::host::process_started;
use crate::settle::{fetch_last, left_something, note_preserved};
use crate::state::{METADATA, Metadata, PRESERVE, StateError, StateFolder};
use crate::{Host, Wiring, ended};

/// How long the command that is attached to a bottle may take to settle it, before it is killed.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// How long a killed command may take to be gone.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// How often it is asked whether it has.
const SETTLE_STEP: Duration = Duration::from_millis(100);

/// What became of the bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopOutcome {
    /// It is gone, with its state.
    Removed,
    /// Its guest was stopped and kept, and why.
    Preserved(String),
}

/// Says why a bottle was not stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// The backend refused, or no such bottle runs.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its state folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Ends a bottle as if its agent had ended: what exists nowhere else is kept, unless it is to be thrown away. The guest
/// is halted before anything is looked at, and a command that is attached and does not settle in time is killed.
///
/// # Errors
///
/// When there is no such bottle, or the backend refuses.
pub async fn stop(
    wiring: &Wiring,
    host: &Host,
    identity: &Identity,
    discard: bool,
) -> Result<StopOutcome, StopError> {
    let state = StateFolder::of(&host.state_root(), identity);
    let wiring = &own_place(wiring, &state);
    let owner = owner_of(wiring, host, identity).await;
    let told = owner.as_ref().is_some_and(|owner| signal(owner, Signal::TERM));
    if let Ok(bottle) = wiring.open(identity).await
        && let Err(error) = bottle.halt().await
    {
        tracing::warn!(%error, "the guest could not be stopped");
    }
    if let Some(owner) = owner.filter(|_| told) {
        wait_for(&owner).await;
        if !discard && let Some(outcome) = settled_by_owner(&state) {
            return Ok(outcome);
        }
    }
    match wiring.open(identity).await {
        Ok(bottle) => {
            if state.path().is_dir() {
                fetch_last(bottle.as_ref(), &state).await;
            }
            if !discard && let Some(reason) = left_something(bottle.as_ref()).await {
                bottle.preserve().await?;
                note_preserved(&state, &reason);
                return Ok(StopOutcome::Preserved(reason));
            }
            bottle.close().await?;
        }
        Err(EngineError::NotRunning(_)) if discard && state.path().is_dir() => {
            for backend in wiring.backends() {
                backend.remove(identity).await?;
            }
        }
        Err(error) => return Err(error.into()),
    }
    ended::retire(&host.events_root(), identity, &state)?;
    Ok(StopOutcome::Removed)
}

/// Returns the one backend that the bottle was started on, where that is known: whether others answer does not matter.
fn own_place(wiring: &Wiring, state: &StateFolder) -> Wiring {
    let metadata = state.read_json::<Metadata>(METADATA);
    let backend = metadata
        .ok()
        .and_then(|metadata| wiring.backend(&metadata.backend).ok());
    match backend {
        Some(backend) => Wiring::new(vec![backend], wiring.providers().clone()),
        None => wiring.clone(),
    }
}

/// Returns the command that is attached to a bottle, if there is one and it is not this one.
async fn owner_of(wiring: &Wiring, host: &Host, identity: &Identity) -> Option<Owner> {
    let (listed, _) = wiring.list().await;
    let mut listed = listed.into_iter().map(|listed| listed.bottle);
    let bottle = listed.find(|bottle| bottle.identity == *identity)?;
    (bottle.attended && bottle.owner.pid != host.process.pid).then_some(bottle.owner)
}

/// Tells whether the very process that made a bottle is there, and not another one with its number.
fn is_there(owner: &Owner) -> bool {
    process_started(owner.pid) == Some(owner.pid_started)
}

fn signal(owner: &Owner, signal: Signal) -> bool {
    let pid = i32::try_from(owner.pid).ok().and_then(Pid::from_raw);
    is_there(owner) && pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// Waits until a command that was told to end has settled its bottle; one that hangs is killed.
async fn wait_for(owner: &Owner) {
    let gone = async || {
        while is_there(owner) {
            tokio::time::sleep(SETTLE_STEP).await;
        }
    };
    if tokio::time::timeout(SETTLE_LIMIT, gone()).await.is_err() {
        tracing::warn!(pid = owner.pid, "the attached command does not end and is killed");
        signal(owner, Signal::KILL);
        let _ = tokio::time::timeout(KILL_LIMIT, gone()).await;
    }
}

/// Says what the attached command made of its bottle; nothing when it ended without.
fn settled_by_owner(state: &StateFolder) -> Option<StopOutcome> {
    match std::fs::read_to_string(state.path().join(PRESERVE)) {
        Ok(reason) => Some(StopOutcome::Preserved(reason)),
        Err(_) if !state.path().exists() => Some(StopOutcome::Removed),
        Err(_) => None,
    }
}
