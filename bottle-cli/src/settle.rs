//! Settling a bottle when its agent has ended: what is kept, and what goes.

use std::time::Duration;

use bottle_backend::EngineError;

use crate::state::PRESERVE;
use crate::{Running, events};

/// How long it may take to find out whether the agent left something in its workspace.
pub(crate) const COMPARE_LIMIT: Duration = Duration::from_secs(60);

/// What became of a bottle whose agent has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is gone, with its state.
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
        if let Err(error) = events::drain(self.bottle.as_ref(), &self.state).await {
            tracing::warn!(%error, "the last events are missing");
        }
        let reason = match self.kept_because(status).await {
            Some(reason) => reason,
            None if keep => "you asked for it".to_owned(),
            None => {
                self.bottle.close().await?;
                self.forget();
                return Ok(Settled::Removed);
            }
        };
        self.bottle.preserve().await?;
        if let Err(error) = self.state.write(PRESERVE, reason.as_bytes()) {
            tracing::warn!(%error, "the reason of keeping it is not written down");
        }
        Ok(Settled::Preserved { reason })
    }

    async fn kept_because(&self, status: i32) -> Option<String> {
        if status != 0 {
            return Some(format!("the agent ended with status {status}"));
        }
        let compared = tokio::time::timeout(COMPARE_LIMIT, self.bottle.workspace_changed()).await;
        match compared {
            // An agent can make a workspace that takes for ever to read.
            Err(_) => Some("the workspace takes too long to compare".to_owned()),
            Ok(Ok(false)) => None,
            Ok(Ok(true)) => Some("the agent left work in the workspace".to_owned()),
            Ok(Err(error)) => Some(format!("the workspace could not be compared: {error}")),
        }
    }

    fn forget(&self) {
        if let Err(error) = self.state.remove() {
            tracing::warn!(%error, "the state of the bottle is left");
        }
    }
}
