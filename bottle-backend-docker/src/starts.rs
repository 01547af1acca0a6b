//! The starts of this process: what they ask of the engine is asked to the end, so that it can be undone.
//!
//! A caller who loses patience drops the future, but an engine goes on making what it was asked to make. Requests
//! that make things therefore run in tasks of their own, and who removes waits for them first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bottle_plan::names::Identity;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The most time that requests under way are waited for.
const LIMIT: Duration = Duration::from_secs(150);

/// Every start that is under way in this process.
#[derive(Debug, Default)]
pub(crate) struct Starts(Mutex<HashMap<Identity, TaskTracker>>);

/// One start; while it or one of its requests lives, the name is taken in this process.
#[derive(Debug)]
pub(crate) struct Start {
    requests: TaskTracker,
    _alive: TaskTrackerToken,
}

impl Starts {
    /// Begins a start; none when one of that name is under way.
    pub(crate) fn begin(&self, identity: &Identity) -> Option<Start> {
        let mut starts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        starts.retain(|_, requests| !requests.is_empty());
        if starts.contains_key(identity) {
            return None;
        }
        let requests = TaskTracker::new();
        let alive = requests.token();
        starts.insert(identity.clone(), requests.clone());
        Some(Start {
            requests,
            _alive: alive,
        })
    }

    /// Waits until no start of that name is under way.
    pub(crate) async fn settled(&self, identity: &Identity) {
        let requests = {
            let starts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            starts.get(identity).cloned()
        };
        if let Some(requests) = requests {
            requests.close();
            let _ = tokio::time::timeout(LIMIT, requests.wait()).await;
        }
    }
}

impl Start {
    /// Asks something of the engine that is asked to the end even if nobody waits any more.
    pub(crate) async fn ask<T, E>(
        &self,
        request: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        match self.requests.spawn(request).await {
            Ok(result) => result,
            // The task is never aborted, so this is its panic, which goes on here.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dropped_start_is_waited_for_until_its_requests_end() {
        let starts = Starts::default();
        let identity: Identity = "demo-00000".parse().unwrap();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let start = starts.begin(&identity).unwrap();
        assert!(starts.begin(&identity).is_none());
        {
            let asked = start.ask(async {
                let _ = gone.await;
                Ok::<_, ()>(())
            });
            assert!(futures_util::poll!(std::pin::pin!(asked)).is_pending());
        }
        drop(start);
        let settled = starts.settled(&identity);
        let mut settled = std::pin::pin!(settled);
        assert!(futures_util::poll!(&mut settled).is_pending());
        assert!(starts.begin(&identity).is_none());
        go.send(()).unwrap();
        settled.await;
        assert!(starts.begin(&identity).is_some());
    }
}
