//! A start, from images to a guest that has been looked at from inside and outside.

use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptionsBuilder, RenameContainerOptionsBuilder};
use bottle_backend::{BoxError, LaunchError, LaunchMaterials, Progress};
use bottle_plan::BottlePlan;
use bottle_plan::door::Door;

use crate::boot;
use crate::check::self_check;
use crate::engine::{Engine, status};
use crate::image::{ensure_agent_image, ensure_sidecar_image};
use crate::labels::AgentUser;
use crate::names::Names;
use crate::spec::{AgentSpec, agent_container, sidecar_container};
use crate::starts::Start;
use crate::workspace;

/// The doors that a sidecar of this build serves.
const SERVED: [Door; 1] = [Door::Egress];

/// What a start has made.
pub(crate) struct Started {
    pub(crate) agent: String,
    pub(crate) sidecar: String,
    pub(crate) user: AgentUser,
}

/// Starts a bottle. Whoever calls it removes what it has made when it fails.
pub(crate) async fn start(
    engine: &Engine,
    start: &Start,
    plan: &BottlePlan,
    materials: &LaunchMaterials,
    progress: &dyn Progress,
) -> Result<Started, LaunchError> {
    let user = agent_user(plan)?;
    let owner = &materials.owner;
    let names = Names::of(&plan.identity);
    let (sidecar_image, agent_image) = tokio::try_join!(
        ensure_sidecar_image(engine, &materials.binaries, &owner.version, progress),
        ensure_agent_image(engine, plan, materials.build_ca.as_deref(), progress),
    )?;
    progress.step("starting the sidecar");
    let launch = Launch { engine, start };
    // The sidecar's name is what two starts of one bottle race for: nothing is made before it is ours.
    let sidecar = sidecar_container(owner, &names, &sidecar_image);
    let sidecar = match launch.create(&names.sidecar, sidecar).await {
        Err(error) if status(&error) == Some(409) => {
            return Err(LaunchError::NameTaken(plan.identity.clone()));
        }
        created => created.map_err(|error| step("create the sidecar", error))?,
    };
    let doors: Vec<Door> = plan
        .doors
        .iter()
        .copied()
        .filter(|door| SERVED.contains(door))
        .collect();
    let workspace = workspace::plan(plan, owner, &names)?;
    let spec = agent_container(&AgentSpec {
        plan,
        owner,
        names: &names,
        user,
        image: &agent_image,
        doors: &doors,
        workspace: &workspace,
    });
    let asked = spec.host_config.clone().unwrap_or_default();
    let (agent, ()) = tokio::try_join!(
        launch.agent(&names, spec, &sidecar, plan, user, progress),
        launch.sidecar(&sidecar, materials),
    )?;
    progress.step("starting the guest");
    launch
        .run(&agent)
        .await
        .map_err(|error| step("start the guest", error))?;
    self_check(engine, &agent, &doors, &asked).await?;
    launch
        .rename(&agent, &names.agent)
        .await
        .map_err(|error| step("mark the bottle as ready", error))?;
    Ok(Started { agent, sidecar, user })
}

struct Launch<'a> {
    engine: &'a Engine,
    start: &'a Start,
}

impl Launch<'_> {
    /// Makes the guest and fills its workspace. It is not started yet.
    async fn agent(
        &self,
        names: &Names,
        spec: ContainerCreateBody,
        sidecar: &str,
        plan: &BottlePlan,
        user: AgentUser,
        progress: &dyn Progress,
    ) -> Result<String, LaunchError> {
        let labels = spec.labels.clone().unwrap_or_default();
        let agent = self.create(&names.starting, spec).await;
        let agent = agent.map_err(|error| {
            // Nothing carries the labels by which it would be found.
            workspace::clear(&labels);
            step("create the guest", error)
        })?;
        workspace::fill(self.engine, (&agent, sidecar), plan, user, progress).await?;
        Ok(agent)
    }

    /// Starts the sidecar and waits until its doors listen.
    async fn sidecar(&self, sidecar: &str, materials: &LaunchMaterials) -> Result<(), LaunchError> {
        let stream = boot::attach(self.engine, sidecar).await;
        let stream = stream.map_err(|error| step("attach to the sidecar", error))?;
        self.run(sidecar)
            .await
            .map_err(|error| step("start the sidecar", error))?;
        boot::boot(stream, &materials.boot).await
    }

    async fn create(&self, name: &str, spec: ContainerCreateBody) -> Result<String, Error> {
        let docker = self.engine.docker.clone();
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let request = async move { docker.create_container(Some(options), spec).await };
        self.start.ask(request).await.map(|created| created.id)
    }

    async fn run(&self, container: &str) -> Result<(), Error> {
        let docker = self.engine.docker.clone();
        let container = container.to_owned();
        let request = async move { docker.start_container(&container, None).await };
        self.start.ask(request).await
    }

    async fn rename(&self, container: &str, name: &str) -> Result<(), Error> {
        let docker = self.engine.docker.clone();
        let container = container.to_owned();
        let options = RenameContainerOptionsBuilder::default().name(name).build();
        let request = async move { docker.rename_container(&container, options).await };
        self.start.ask(request).await
    }
}

/// Agents share no user with the relay, the doors or root.
fn agent_user(plan: &BottlePlan) -> Result<AgentUser, LaunchError> {
    let user = &plan.provider.user;
    let refused = |reason: &str| LaunchError::Unsupported {
        what: "the agent's user",
        reason: format!("{} has the user id {}, {reason}", user.name, user.uid),
    };
    match user.uid {
        0 => Err(refused("which owns the guest's trust store and programs")),
        64_001 => Err(refused("which is the relay's")),
        64_010..=64_099 => Err(refused("which is a door's")),
        uid => Ok(AgentUser { uid, gid: user.gid }),
    }
}

fn step(step: &'static str, error: impl Into<BoxError>) -> LaunchError {
    LaunchError::Step {
        step,
        source: error.into(),
    }
}
