//! What a start asks of the engine, each thing to its end even if nobody waits any more.

use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptionsBuilder, RenameContainerOptionsBuilder};
use bottle_backend::LaunchError;
use bottle_wire::boot::Boot;

use super::step;
use crate::engine::{Engine, Upgraded, status};
use crate::starts::Start;
use crate::{boot, workspace};

pub(super) struct Steps<'a> {
    pub(super) engine: &'a Engine,
    pub(super) start: &'a Start,
}

impl Steps<'_> {
    /// Makes the guest's container.
    pub(super) async fn agent(&self, name: &str, spec: ContainerCreateBody) -> Result<String, LaunchError> {
        let labels = spec.labels.clone().unwrap_or_default();
        self.create(name, spec).await.map_err(|error| {
            // Nothing carries the labels by which it would be found.
            workspace::clear(&labels);
            step("create the guest", error)
        })
    }

    /// Makes the sidecar's container; none when its name is taken.
    pub(super) async fn sidecar(
        &self,
        name: &str,
        spec: ContainerCreateBody,
    ) -> Result<Option<String>, LaunchError> {
        match self.create(name, spec).await {
            Err(error) if status(&error) == Some(409) => Ok(None),
            created => created
                .map(Some)
                .map_err(|error| step("create the sidecar", error)),
        }
    }

    /// Starts the sidecar and waits until its doors listen.
    pub(super) async fn boot(&self, sidecar: &str, boot: &Boot) -> Result<(), LaunchError> {
        let stream = boot::attach(self.engine, sidecar).await;
        let stream = stream.map_err(|error| step("attach to the sidecar", error))?;
        self.run(sidecar, "start the sidecar").await?;
        boot::boot(stream, boot).await
    }

    /// Starts the guest; its relay's report comes on the stream.
    pub(super) async fn guest(&self, agent: &str) -> Result<Upgraded, LaunchError> {
        let report = boot::attach(self.engine, agent).await;
        let report = report.map_err(|error| step("attach to the guest", error))?;
        self.run(agent, "start the guest").await?;
        Ok(report)
    }

    async fn run(&self, container: &str, what: &'static str) -> Result<(), LaunchError> {
        let docker = self.engine.docker.clone();
        let container = container.to_owned();
        let request = async move { docker.start_container(&container, None).await };
        self.start.ask(request).await.map_err(|error| step(what, error))
    }

    /// Gives the guest its final name, by which a bottle is known as ready.
    pub(super) async fn rename(&self, container: &str, name: &str) -> Result<(), LaunchError> {
        let docker = self.engine.docker.clone();
        let container = container.to_owned();
        let options = RenameContainerOptionsBuilder::default().name(name).build();
        let request = async move { docker.rename_container(&container, options).await };
        let renamed = self.start.ask(request).await;
        renamed.map_err(|error| step("mark the bottle as ready", error))
    }

    async fn create(&self, name: &str, spec: ContainerCreateBody) -> Result<String, Error> {
        let docker = self.engine.docker.clone();
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let request = async move { docker.create_container(Some(options), spec).await };
        self.start.ask(request).await.map(|created| created.id)
    }
}
