//! A place that can run plans.

use async_trait::async_trait;
use bottle_plan::BottlePlan;
use bottle_plan::inputs::BackendFacts;
use bottle_plan::names::Identity;

use crate::{
    Bottle, CleanupPlan, CleanupReport, EngineError, LaunchError, LaunchMaterials, Leftover, Owner, Progress,
};

/// A place that can run plans: a container engine, a virtual machine monitor, the kernel itself.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Says what a plan has to know about the backend. Touches nothing.
    fn facts(&self) -> BackendFacts;

    /// Says whether plans can run here now, and if not, why and what to do.
    async fn availability(&self) -> Availability;

    /// Starts a bottle: image, sidecar, guest, self-check. The guest is empty of the agent's files afterwards.
    /// A preserved bottle of the plan's name is started again, with its files and the limits that it was made with.
    ///
    /// Call it through [`launch()`](crate::launch()), which removes what a failed or cancelled launch has made.
    async fn launch(
        &self,
        plan: &BottlePlan,
        materials: LaunchMaterials,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Bottle>, LaunchError>;

    /// Returns the handle on a bottle that runs already.
    ///
    /// # Errors
    ///
    /// When no bottle of that name runs here, or the engine does not answer.
    async fn open(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError>;

    /// Starts the guest of a preserved bottle without its doors, so that its own programs can say what it holds: nothing
    /// but its files and what is run in it. [`Bottle::preserve`] puts it to rest again. One that was left awake is taken
    /// as it is. Keep other commands away from the bottle meanwhile.
    ///
    /// # Errors
    ///
    /// When no bottle of that name is kept here, its doors serve, or the backend cannot do this. Nothing runs then
    /// that did not run before.
    async fn wake(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError> {
        let _ = identity;
        Err(EngineError::Unsupported {
            backend: self.facts().name,
            action: "wake a preserved bottle",
        })
    }

    /// Lists the bottles of this user and machine that exist here.
    async fn list(&self) -> Result<Vec<ActiveBottle>, EngineError>;

    /// Removes everything of one bottle; it is no error when nothing is left.
    async fn remove(&self, identity: &Identity) -> Result<(), EngineError>;

    /// Removes what one start has made, and nothing of another bottle that has the same name. What the start is
    /// still making when this is called is waited for and removed as well.
    async fn abandon(&self, owner: &Owner) -> Result<(), EngineError>;

    /// Finds what starts that never became ready have left behind. Never names a running or preserved bottle, an
    /// object of another machine, or one whose owner still runs.
    async fn prepare_cleanup(&self) -> Result<CleanupPlan, EngineError>;

    /// Finds images of ours that no bottle, running or preserved, is made from. A start that needs one builds it again,
    /// so they are named only to who asks.
    async fn unused_images(&self) -> Result<Vec<Leftover>, EngineError> {
        Ok(Vec::new())
    }

    /// Removes what a plan names, as far as it can.
    async fn cleanup(&self, plan: &CleanupPlan) -> CleanupReport;
}

/// Whether a backend can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Usable {
        /// What was found, for people: "Docker Engine 20.10.24".
        detail: String,
        /// What works less well than it could, for people.
        warnings: Vec<String>,
    },
    /// It cannot.
    Unusable {
        /// Why.
        reason: String,
        /// What the user can do about it.
        hint: String,
    },
}

/// A bottle that exists on a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveBottle {
    /// Its name.
    pub identity: Identity,
    /// How it is.
    pub state: BottleState,
    /// Who started it, and when.
    pub owner: Owner,
    /// Whether the command that started it still runs. A running bottle without it is detached.
    pub attended: bool,
}

/// How a bottle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BottleState {
    /// The guest and its doors are up.
    Running,
    /// The guest is up and a door's side is not.
    Degraded,
    /// The guest was stopped and its files were kept.
    Preserved,
    /// It never became ready.
    Starting,
}
