//! The engine as a place that can run plans.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bottle_backend::{
    ActiveBottle, Availability, Backend, Bottle, CleanupPlan, CleanupReport, EngineError, Host, LaunchError,
    LaunchMaterials, Leftover, Owner, Progress,
};
use bottle_plan::BottlePlan;
use bottle_plan::door::Door;
use bottle_plan::git::GitGateInsteadOf;
use bottle_plan::inputs::BackendFacts;
use bottle_plan::names::{Identity, Name};
use bottle_plan::workspace::WorkspaceSource;
use tokio::sync::OnceCell;

use crate::bottle::DockerBottle;
use crate::engine::Engine;
use crate::labels::GuestFacts;
use crate::launch::Launch;
use crate::starts::Starts;
use crate::watch::watch;
use crate::{availability, cleanup, image, labels, list, refused, remove, wake};

/// A container engine on a local socket.
#[derive(Debug)]
pub struct DockerBackend {
    socket: PathBuf,
    host: Host,
    engine: OnceCell<Engine>,
    starts: Arc<Starts>,
}

impl DockerBackend {
    /// Names an engine by its socket's path. Nothing is connected yet.
    #[must_use]
    pub fn new(socket: PathBuf, host: Host) -> Self {
        Self {
            socket,
            host,
            engine: OnceCell::new(),
            starts: Arc::default(),
        }
    }

    /// Makes the image of a plan's guest, if need be, and writes it as an archive into a folder, once for each image:
    /// for backends that run images without an engine. `build_ca` is what its build must trust beyond its base.
    ///
    /// # Errors
    ///
    /// When the engine cannot be reached, or the image neither be found nor built.
    pub async fn image_archive(
        &self,
        plan: &BottlePlan,
        build_ca: Option<&Path>,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<PathBuf, LaunchError> {
        let engine = self.engine().await.map_err(|error| LaunchError::Step {
            step: "reach the engine",
            source: error.into(),
        })?;
        let id = image::ensure_agent_image(engine, plan, build_ca, progress).await?;
        image::archive(engine, &id, folder, progress).await
    }

    async fn engine(&self) -> Result<&Engine, EngineError> {
        let connected = self
            .engine
            .get_or_try_init(|| Engine::connect(&self.socket))
            .await;
        connected.map_err(|error| EngineError::Unreachable {
            backend: "the Docker engine".to_owned(),
            source: error.into(),
        })
    }
}

#[async_trait]
impl Backend for DockerBackend {
    fn facts(&self) -> BackendFacts {
        BackendFacts {
            name: Name::from_static("docker"),
            git_gate_insteadof: GitGateInsteadOf::default(),
            supervise_mcp_url: format!("http://{}:{}/", Door::Supervise, Door::Supervise.port()),
            // A container has no way to a socket of the host's.
            ssh_agent: false,
        }
    }

    async fn availability(&self) -> Availability {
        availability::probe(&self.socket, self.engine()).await
    }

    async fn launch(
        &self,
        plan: &BottlePlan,
        materials: LaunchMaterials,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Bottle>, LaunchError> {
        let taken = || LaunchError::NameTaken(plan.identity.clone());
        let start = self.starts.begin(&plan.identity).ok_or_else(taken)?;
        let engine = self.engine().await.map_err(|error| LaunchError::Step {
            step: "reach the engine",
            source: error.into(),
        })?;
        let launch = Launch {
            engine,
            host: &self.host,
            start: &start,
            plan,
            materials: &materials,
            progress,
        };
        let started = launch.run().await?;
        Ok(Box::new(DockerBottle {
            engine: engine.clone(),
            host: self.host.clone(),
            identity: plan.identity.clone(),
            _watch: watch(engine, &started.agent),
            agent: started.agent,
            sidecar: started.sidecar,
            guest: GuestFacts {
                user: started.user,
                workspace: plan.workspace.guest.clone(),
                mounted: matches!(plan.workspace.source, WorkspaceSource::Mount { .. }),
            },
        }))
    }

    async fn open(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError> {
        let engine = self.engine().await?;
        let bottle = list::open(engine, &self.host, identity).await?;
        Ok(Box::new(bottle))
    }

    async fn wake(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError> {
        let bottle = wake::wake(self.engine().await?, &self.host, identity).await?;
        Ok(Box::new(bottle))
    }

    async fn list(&self) -> Result<Vec<ActiveBottle>, EngineError> {
        list::bottles(self.engine().await?, &self.host).await
    }

    async fn remove(&self, identity: &Identity) -> Result<(), EngineError> {
        self.starts.settled(identity).await;
        let engine = self.engine().await?;
        let removed = remove::remove_all(engine, labels::filter(identity), |object| {
            self.host.sees(&object.owner)
        })
        .await;
        removed.map_err(|error| refused("remove the bottle", error))
    }

    async fn abandon(&self, owner: &Owner) -> Result<(), EngineError> {
        self.starts.settled(&owner.identity).await;
        let engine = self.engine().await?;
        let filter = labels::filter(&owner.identity);
        let removed = remove::remove_all(engine, filter, |object| object.owner == *owner).await;
        removed.map_err(|error| refused("remove the bottle", error))?;
        list::stop_without_sidecar(engine, &self.host, &owner.identity).await
    }

    async fn prepare_cleanup(&self) -> Result<CleanupPlan, EngineError> {
        cleanup::prepare(self.engine().await?, &self.host).await
    }

    async fn unused_images(&self) -> Result<Vec<Leftover>, EngineError> {
        let found = image::unused(self.engine().await?).await;
        found.map_err(|error| refused("look for images", error))
    }

    async fn cleanup(&self, plan: &CleanupPlan) -> CleanupReport {
        match self.engine().await {
            Ok(engine) => cleanup::run(engine, plan).await,
            Err(error) => cleanup::nothing(plan, error),
        }
    }
}
