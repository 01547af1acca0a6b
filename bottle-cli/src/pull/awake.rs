//! A guest that answers: one that runs anyway, or one that was at rest and is put to rest again.

use bottle_backend::{Bottle, BottleState, Progress};
use bottle_plan::names::Identity;

use super::PullError;
use crate::state::{PRESERVE, StateFolder, StateLock};
use crate::{ListedBottle, Wiring};

pub(super) struct Awake {
    bottle: Box<dyn Bottle>,
    /// Keeps other commands away from a bottle that was at rest.
    woken: Option<StateLock>,
}

impl Awake {
    /// Opens a bottle that runs, or wakes one that was preserved.
    pub(super) async fn open(
        wiring: &Wiring,
        state: &StateFolder,
        identity: &Identity,
        progress: &dyn Progress,
    ) -> Result<Self, PullError> {
        let listed = find(wiring, identity).await?;
        if let Some(lock) = at_rest(state, &listed)? {
            progress.step("waking the guest");
            let backends = wiring.backends().iter();
            let backend = backends
                .into_iter()
                .find(|one| one.facts().name == listed.backend);
            let backend = backend.ok_or_else(|| PullError::NoBottle(identity.clone()))?;
            return Ok(Self {
                bottle: backend.wake(identity).await?,
                woken: Some(lock),
            });
        }
        Ok(Self {
            bottle: wiring.open(identity).await?,
            woken: None,
        })
    }

    pub(super) fn bottle(&self) -> &dyn Bottle {
        self.bottle.as_ref()
    }

    /// Leaves the guest as it was found.
    pub(super) async fn rest(self, progress: &dyn Progress) {
        let Some(_lock) = self.woken else { return };
        progress.step("putting the guest to rest");
        if let Err(error) = self.bottle.preserve().await {
            let identity = self.bottle.identity();
            tracing::warn!(%error, "the guest may still be awake; `bottle stop {identity}` ends it");
        }
    }
}

async fn find(wiring: &Wiring, identity: &Identity) -> Result<ListedBottle, PullError> {
    let (listed, errors) = wiring.list().await;
    let found = listed
        .into_iter()
        .find(|listed| listed.bottle.identity == *identity);
    match (found, errors.into_iter().next()) {
        (Some(found), _) => Ok(found),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(PullError::NoBottle(identity.clone())),
    }
}

/// Takes the lock of a bottle at rest. One that was preserved and whose guest is up was left awake by a pull that was
/// killed: while a bottle runs, nothing says that it was preserved.
fn at_rest(state: &StateFolder, listed: &ListedBottle) -> Result<Option<StateLock>, PullError> {
    match listed.bottle.state {
        BottleState::Preserved => Ok(Some(state.lock()?)),
        BottleState::Degraded if state.path().join(PRESERVE).exists() => Ok(Some(state.lock()?)),
        BottleState::Running | BottleState::Degraded => Ok(None),
        BottleState::Starting => Err(PullError::NotReady(listed.bottle.identity.clone())),
    }
}
