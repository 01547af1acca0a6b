//! Ending a bottle that this process did not start.

use std::time::Duration;

use bottle_backend::{Bottle, EngineError};
use bottle_plan::names::Identity;
use rustix::process::{Pid, Signal, kill_process};

use crate::host::process_started;
use crate::settle::COMPARE_LIMIT;
use crate::state::{PRESERVE, StateError, StateFolder};
use crate::{Host, Wiring, events};

/// How long the command that is attached to a bottle may take to settle it.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
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

/// Ends a bottle as if its agent had ended: what exists nowhere else is kept, unless it is to be thrown away.
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
    if end_owner(wiring, host, identity).await && !discard {
        return settled_by_owner(&state);
    }
    match wiring.open(identity).await {
        Ok(bottle) => {
            if state.path().is_dir()
                && let Err(error) = events::drain(bottle.as_ref(), &state).await
            {
                tracing::warn!(%error, "the last events are missing");
            }
            if !discard && changed(bottle.as_ref()).await {
                bottle.preserve().await?;
                let reason = "the agent left work in the workspace";
                state.write(PRESERVE, reason.as_bytes())?;
                return Ok(StopOutcome::Preserved(reason.to_owned()));
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
    state.remove()?;
    Ok(StopOutcome::Removed)
}

/// Tells whether the agent left something in its workspace; when that cannot be said in time, it has.
async fn changed(bottle: &dyn Bottle) -> bool {
    let compared = tokio::time::timeout(COMPARE_LIMIT, bottle.workspace_changed()).await;
    !matches!(compared, Ok(Ok(false)))
}

/// Ends the command that is attached to a bottle, if there is one, and waits until it has settled the bottle.
async fn end_owner(wiring: &Wiring, host: &Host, identity: &Identity) -> bool {
    let (listed, _) = wiring.list().await;
    let Some(owner) = listed.iter().find(|listed| listed.bottle.identity == *identity) else {
        return false;
    };
    if !owner.bottle.attended || owner.bottle.owner.pid == host.process.pid {
        return false;
    }
    let pid = i32::try_from(owner.bottle.owner.pid).ok().and_then(Pid::from_raw);
    let Some(pid) = pid.filter(|pid| kill_process(*pid, Signal::TERM).is_ok()) else {
        return false;
    };
    let gone = async {
        while process_started(pid.as_raw_nonzero().get().unsigned_abs()).is_some() {
            tokio::time::sleep(SETTLE_STEP).await;
        }
    };
    tokio::time::timeout(SETTLE_LIMIT, gone).await.is_ok()
}

fn settled_by_owner(state: &StateFolder) -> Result<StopOutcome, StopError> {
    match std::fs::read_to_string(state.path().join(PRESERVE)) {
        Ok(reason) => Ok(StopOutcome::Preserved(reason)),
        Err(_) => Ok(StopOutcome::Removed),
    }
}
