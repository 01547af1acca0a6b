//! Settling a bottle when its agent has ended: what is kept, and what goes.

use std::path::Path;
use std::time::Duration;

use bottle_backend::{Bottle, Cancel, Canceller, EngineError};

use crate::state::{PRESERVE, StateFolder};
use crate::{Running, ended, events};

/// How long it may take to find out whether the agent left something in its workspace. Backends have bounds of their
/// own, which end it long before.
const COMPARE_LIMIT: Duration = Duration::from_secs(6 * 60);
/// How long it may take to fetch the last events.
const FETCH_LIMIT: Duration = Duration::from_secs(2 * 60);

/// What became of a bottle whose agent has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is gone, with its state; its events stay until they are cleaned up.
    Removed,
    /// Its guest was stopped and kept.
    Preserved {
        /// Why.
        reason: String,
    },
}

impl Running {
    /// Settles the bottle after its agent has ended: fetches the events, then removes the bottle, or preserves it
    /// when the agent failed or left something in a workspace that exists nowhere else.
    ///
    /// # Errors
    ///
    /// When the backend or the state folder refuses; what is left carries the bottle's label.
    pub async fn settle(self, status: i32, keep: bool) -> Result<Settled, EngineError> {
        let (_canceller, cancel) = Canceller::new();
        self.settle_unless(status, keep, cancel).await
    }

    /// As [`Running::settle`]; a user who does not want to wait for the comparison cancels it, and the bottle is
    /// preserved.
    ///
    /// # Errors
    ///
    /// As [`Running::settle`].
    pub async fn settle_unless(
        self,
        status: i32,
        keep: bool,
        cancel: Cancel,
    ) -> Result<Settled, EngineError> {
        let ending = Ending {
            bottle: self.bottle.as_ref(),
            state: &self.state,
            events_root: &self.events_root,
        };
        ending.settle(status, keep, cancel).await
    }
}

/// A bottle whose agent has ended.
struct Ending<'a> {
    bottle: &'a dyn Bottle,
    state: &'a StateFolder,
    events_root: &'a Path,
}

impl Ending<'_> {
    async fn settle(&self, status: i32, keep: bool, mut cancel: Cancel) -> Result<Settled, EngineError> {
        // What the agent left running could change what is looked at, without end.
        let halted = self.bottle.halt().await;
        tokio::select! {
            () = fetch_last(self.bottle, self.state) => {}
            () = cancel.cancelled() => tracing::warn!("the last events may be missing"),
        }
        let reason = match halted {
            Err(error) => Some(format!("its guest could not be stopped: {error}")),
            Ok(()) if status != 0 => Some(format!("the agent ended with status {status}")),
            Ok(()) => tokio::select! {
                reason = left_something(self.bottle) => reason,
                () = cancel.cancelled() => Some("the comparison of the workspace was interrupted".to_owned()),
            },
        };
        match reason.or_else(|| keep.then(|| "you asked for it".to_owned())) {
            Some(reason) => {
                self.bottle.preserve().await?;
                note_preserved(self.state, &reason);
                Ok(Settled::Preserved { reason })
            }
            None => {
                self.bottle.close().await?;
                if let Err(error) = ended::retire(self.events_root, self.bottle.identity(), self.state) {
                    tracing::warn!(%error, "the state of the bottle is left");
                }
                Ok(Settled::Removed)
            }
        }
    }
}

/// Fetches the last events of a bottle whose guest was halted.
pub(crate) async fn fetch_last(bottle: &dyn Bottle, state: &StateFolder) {
    match tokio::time::timeout(FETCH_LIMIT, events::drain_at_end(bottle, state)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the last events are missing"),
        Err(_) => tracing::warn!("the last events are missing: fetching them took too long"),
    }
}

/// Says why a workspace is kept, if it is. When nobody can tell, it is.
pub(crate) async fn left_something(bottle: &dyn Bottle) -> Option<String> {
    match tokio::time::timeout(COMPARE_LIMIT, bottle.workspace_changed()).await {
        Ok(Ok(false)) => None,
        Ok(Ok(true)) => Some("the agent left work in the workspace".to_owned()),
        Ok(Err(error)) => Some(format!("the workspace could not be compared: {error}")),
        Err(_) => Some("the workspace takes too long to compare".to_owned()),
    }
}

/// Writes down that the guest was kept, and why.
pub(crate) fn note_preserved(state: &StateFolder, reason: &str) {
    if let Err(error) = state.write(PRESERVE, reason.as_bytes()) {
        tracing::warn!(%error, "the reason of keeping it is not written down");
    }
}

#[cfg(test)]
mod tests;
