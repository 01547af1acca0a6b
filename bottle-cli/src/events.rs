//! Fetching a bottle's events from its sidecar into its state folder.

use std::convert::Infallible;
use std::fs::File;
use std::time::Duration;

use bottle_backend::{Bottle, ControlError};
use bottle_wire::chain::{ChainError, Line};
use bottle_wire::control::{ControlAnswer, ControlRequest};

use crate::state::{CHAIN, ChainState, StateError, StateFolder};

/// The most bytes of events of one bottle that are fetched while it runs. Beyond it they stay with the sidecar, whose
/// doors refuse once it is full: nothing makes way, or an agent could push its own traces out.
const MOST_KEPT: u64 = 128 << 20;
/// The most bytes with what is fetched at the end: all that a sidecar can hold fits.
const MOST_AT_END: u64 = 256 << 20;
/// How long another command that fetches is waited for.
const LOCK_TIME: Duration = Duration::from_secs(30);
/// How often it is asked whether it has ended.
const LOCK_STEP: Duration = Duration::from_millis(50);
/// The wait between two fetches while a bottle is attached, when there was something.
const SHORT_WAIT: Duration = Duration::from_secs(5);
/// The longest such wait; it grows while there is nothing.
const LONG_WAIT: Duration = Duration::from_secs(30);

/// Says why events were not fetched. They stay with the sidecar.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The sidecar gave no answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The sidecar refused.
    #[error("the sidecar refused to hand out its events: {0}")]
    Refused(String),
    /// They cannot be written down.
    #[error(transparent)]
    State(#[from] StateError),
    /// There are too many.
    #[error("{0} bytes of events are kept, and no more; the doors refuse once the sidecar's own log is full")]
    Full(u64),
    /// The sidecar sent something else than the next event.
    #[error("the sidecar's event {found} does not follow event {last}")]
    OutOfOrder {
        /// The last event that was fetched before.
        last: u64,
        /// What came.
        found: u64,
    },
}

/// Fetches all events that are not in the state folder yet; returns how many there were.
///
/// # Errors
///
/// When the sidecar does not answer, the state folder cannot be written, or too much of it is kept.
pub async fn drain(bottle: &dyn Bottle, state: &StateFolder) -> Result<u64, DrainError> {
    fetch(bottle, state, MOST_KEPT).await
}

/// As [`drain`], of a bottle that is about to end: its sidecar will keep nothing.
pub(crate) async fn drain_at_end(bottle: &dyn Bottle, state: &StateFolder) -> Result<u64, DrainError> {
    fetch(bottle, state, MOST_AT_END).await
}

/// Fetches from time to time, without end.
pub(crate) async fn keep_drained(bottle: &dyn Bottle, state: &StateFolder) -> Infallible {
    let mut wait = SHORT_WAIT;
    loop {
        tokio::time::sleep(wait).await;
        wait = match drain(bottle, state).await {
            Ok(1..) => SHORT_WAIT,
            Ok(0) => (wait * 2).min(LONG_WAIT),
            Err(error) => {
                tracing::debug!(%error, "events were not fetched");
                LONG_WAIT
            }
        };
    }
}

/// Returns the fetched events, oldest first, and what they are verified by.
///
/// # Errors
///
/// When they cannot be read.
pub async fn read(state: &StateFolder) -> Result<(Vec<String>, ChainState), StateError> {
    let _lock = lock(state).await?;
    Ok((state.events()?, state.read_json(CHAIN)?))
}

/// Checks the fetched events against the chain's key and head.
///
/// # Errors
///
/// The first line that is not what the sidecar wrote.
pub fn verify(lines: &[String], chain: &ChainState) -> Result<u64, ChainError> {
    bottle_wire::chain::verify(
        lines.iter().map(String::as_str),
        chain.key.as_bytes(),
        &chain.head,
    )
}

async fn fetch(bottle: &dyn Bottle, state: &StateFolder, most: u64) -> Result<u64, DrainError> {
    let _lock = lock(state).await?;
    let mut chain: ChainState = state.read_json(CHAIN)?;
    // What a command wrote that died before it noted so is fetched again.
    state.cut_events(chain.bytes)?;
    let before = chain.head.seq;
    loop {
        if chain.bytes >= most {
            return Err(DrainError::Full(most));
        }
        let request = ControlRequest::Drain {
            after: chain.head.seq,
        };
        let (lines, more) = match bottle.control(&request).await? {
            ControlAnswer::Events { lines, more } => (lines, more),
            ControlAnswer::Refused { reason } => return Err(DrainError::Refused(reason)),
            other => return Err(DrainError::Refused(format!("unexpected answer {other:?}"))),
        };
        if lines.is_empty() {
            return Ok(chain.head.seq - before);
        }
        advance(&mut chain, &lines)?;
        state.append_events(&lines)?;
        state.write_json(CHAIN, &chain)?;
        if !more {
            return Ok(chain.head.seq - before);
        }
    }
}

/// Keeps other commands from fetching or reading at the same time.
async fn lock(state: &StateFolder) -> Result<File, StateError> {
    let waited = async {
        loop {
            match state.lock_events() {
                Err(StateError::Locked(_)) => tokio::time::sleep(LOCK_STEP).await,
                taken => return taken,
            }
        }
    };
    match tokio::time::timeout(LOCK_TIME, waited).await {
        Ok(taken) => taken,
        Err(_) => Err(StateError::Locked(state.path().to_owned())),
    }
}

fn advance(chain: &mut ChainState, lines: &[String]) -> Result<(), DrainError> {
    for text in lines {
        let last = chain.head.seq;
        let line: Line = serde_json::from_str(text).map_err(|_| DrainError::OutOfOrder { last, found: 0 })?;
        if line.seq != last + 1 {
            return Err(DrainError::OutOfOrder {
                last,
                found: line.seq,
            });
        }
        chain.bytes = chain.bytes.saturating_add(text.len() as u64 + 1);
        chain.head = bottle_wire::chain::Head {
            seq: line.seq,
            hash: line.hash,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests;
