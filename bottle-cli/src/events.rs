//! Fetching a bottle's events from its sidecar into its state folder.

use bottle_backend::{Bottle, ControlError};
use bottle_wire::chain::{ChainError, Line};
use bottle_wire::control::{ControlAnswer, ControlRequest};

use crate::state::{CHAIN, ChainState, StateError, StateFolder};

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
/// When the sidecar does not answer or the state folder cannot be written.
pub async fn drain(bottle: &dyn Bottle, state: &StateFolder) -> Result<u64, DrainError> {
    let mut chain: ChainState = state.read_json(CHAIN)?;
    let before = chain.head.seq;
    loop {
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
        chain.head = bottle_wire::chain::Head {
            seq: line.seq,
            hash: line.hash,
        };
    }
    Ok(())
}
