//! Starting a bottle so that a failed or cancelled start leaves nothing behind.

use std::path::PathBuf;

use bottle_plan::BottlePlan;
use bottle_wire::boot::Boot;
use tokio::sync::watch;

use crate::{Backend, Bottle, LaunchError, Owner};

/// What a launch needs beyond the plan. It holds secrets, so it is made after the user's yes and used once.
#[derive(Debug)]
pub struct LaunchMaterials {
    /// Whose the bottle is.
    pub owner: Owner,
    /// The sidecar's boot frame.
    pub boot: Boot,
    /// The folder with the static `bottle-sidecar` and `bottle-relay`.
    pub binaries: PathBuf,
    /// A bundle of further certificate authorities that image builds must trust, such as a company proxy's.
    pub build_ca: Option<PathBuf>,
}

/// Hears what a launch is doing.
pub trait Progress: Send + Sync {
    /// A step begins.
    fn step(&self, step: &str);

    /// A line of the step's own output, which nobody vouches for.
    fn detail(&self, line: &str);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn step(&self, _step: &str) {}

    fn detail(&self, _line: &str) {}
}

/// The side of a cancellation that waits.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Receiver<bool>);

/// The side of a cancellation that ends the wait.
#[derive(Debug)]
pub struct Canceller(watch::Sender<bool>);

impl Canceller {
    /// Makes both sides.
    #[must_use]
    pub fn new() -> (Self, Cancel) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Cancel(receiver))
    }

    /// Cancels; a second time changes nothing.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancel {
    /// Waits until it was cancelled; for ever when nobody can cancel any more.
    pub async fn cancelled(&mut self) {
        if self.0.wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Starts a bottle. On every error, cancellation included, everything that the launch has made is removed.
///
/// # Errors
///
/// What the backend says; [`LaunchError::Cancelled`] when the user ended it.
pub async fn launch(
    backend: &dyn Backend,
    plan: &BottlePlan,
    materials: LaunchMaterials,
    progress: &dyn Progress,
    mut cancel: Cancel,
) -> Result<Box<dyn Bottle>, LaunchError> {
    let owner = materials.owner.clone();
    let started = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(LaunchError::Cancelled),
        started = backend.launch(plan, materials, progress) => started,
    };
    // A taken name is another bottle's: nothing was made.
    if matches!(&started, Err(error) if !matches!(error, LaunchError::NameTaken(_))) {
        progress.step("removing what was started");
        if let Err(error) = backend.abandon(&owner).await {
            tracing::warn!(%error, "something may be left; the next start sweeps it");
        }
    }
    started
}
