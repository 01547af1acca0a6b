//! smolvm as a place that can run plans.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bottle_backend::{
    ActiveBottle, Availability, Backend, Bottle, BoxError, CleanupPlan, CleanupReport, EngineError, Host,
    LaunchError, LaunchMaterials, Owner, Progress,
};
use bottle_host::Folder;
use bottle_plan::BottlePlan;
use bottle_plan::door::Door;
use bottle_plan::git::GitGateInsteadOf;
use bottle_plan::inputs::BackendFacts;
use bottle_plan::names::{Identity, Name};

use crate::client::Smolvm;
use crate::guest::Entrance;
use crate::images::Images;
use crate::launch::Launch;
use crate::record::GuestRecord;
use crate::{availability, cleanup, list};

/// What the backend must be told, since it looks nothing up by itself.
#[derive(Clone)]
pub struct SmolConfig {
    /// An owner-only folder that outlives the machine's restarts: one folder per bottle lies in it.
    pub folder: PathBuf,
    /// What tells this host's bottles from others'.
    pub host: Host,
    /// The installed program.
    pub smolvm: Smolvm,
    /// Where the archives of images come from.
    pub images: Arc<dyn Images>,
}

/// MicroVMs of the installed smolvm.
#[derive(Clone)]
pub struct SmolBackend {
    config: SmolConfig,
}

impl SmolBackend {
    /// Makes the backend. Nothing is looked at yet.
    #[must_use]
    pub fn new(config: SmolConfig) -> Self {
        Self { config }
    }

    /// Returns the folder of a bottle of this user's; none when there is none.
    fn own(&self, identity: &Identity) -> Option<Folder<GuestRecord>> {
        let folder = Folder::<GuestRecord>::of(&self.config.folder, identity);
        let record = folder.record()?;
        self.config.host.sees(&record.owner).then_some(folder)
    }
}

#[async_trait]
impl Backend for SmolBackend {
    fn facts(&self) -> BackendFacts {
        BackendFacts {
            name: Name::from_static("smol"),
            git_gate_insteadof: GitGateInsteadOf::default(),
            supervise_mcp_url: format!("http://{}:{}/", Door::Supervise, Door::Supervise.port()),
            ssh_agent: true,
        }
    }

    async fn availability(&self) -> Availability {
        availability(&self.config.smolvm).await
    }

    async fn launch(
        &self,
        plan: &BottlePlan,
        materials: LaunchMaterials,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Bottle>, LaunchError> {
        let launch = Launch {
            config: &self.config,
            plan,
            materials: &materials,
            progress,
        };
        let bottle = Box::pin(launch.run()).await?;
        Ok(Box::new(bottle))
    }

    async fn open(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError> {
        let bottle = list::open(&self.config, identity).await?;
        Ok(Box::new(bottle))
    }

    async fn wake(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError> {
        let bottle = list::wake(&self.config, identity).await?;
        Ok(Box::new(bottle))
    }

    async fn list(&self) -> Result<Vec<ActiveBottle>, EngineError> {
        list::bottles(&self.config).await
    }

    async fn remove(&self, identity: &Identity) -> Result<(), EngineError> {
        match self.own(identity) {
            Some(folder) => Entrance::remove(&self.config.smolvm, &folder)
                .await
                .map_err(|error| refused("remove the bottle", error)),
            None => Ok(()),
        }
    }

    async fn abandon(&self, owner: &Owner) -> Result<(), EngineError> {
        cleanup::abandon(&self.config, owner).await
    }

    async fn prepare_cleanup(&self) -> Result<CleanupPlan, EngineError> {
        cleanup::prepare(&self.config)
    }

    async fn cleanup(&self, plan: &CleanupPlan) -> CleanupReport {
        cleanup::run(&self.config, plan).await
    }
}

/// Says that the host or smolvm refused.
pub(crate) fn refused(action: &str, error: impl Into<BoxError>) -> EngineError {
    EngineError::Refused {
        action: action.to_owned(),
        source: error.into(),
    }
}
