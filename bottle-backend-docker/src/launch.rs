//! A start, from images to a guest that has been looked at from inside and outside.

mod steps;

use bollard::models::{ContainerCreateBody, HostConfig};
use bottle_backend::files::Digest;
use bottle_backend::{BoxError, Host, LaunchError, LaunchMaterials, Progress};
use bottle_plan::BottlePlan;
use bottle_plan::door::Door;

use crate::check::self_check;
use crate::engine::{Engine, Upgraded};
use crate::image::{ensure_agent_image, ensure_git_image, ensure_sidecar_image};
use crate::labels::{self, AgentUser};
use crate::names::Names;
use crate::objects::{self, Object};
use crate::spec::{AgentSpec, agent_container, sidecar_container};
use crate::starts::Start;
use crate::workspace::{self, Workspace};
use crate::{quota, remove};
use steps::Steps;

/// What a start is given.
pub(crate) struct Launch<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) host: &'a Host,
    pub(crate) start: &'a Start,
    pub(crate) plan: &'a BottlePlan,
    pub(crate) materials: &'a LaunchMaterials,
    pub(crate) progress: &'a dyn Progress,
}

/// What a start has made.
pub(crate) struct Started {
    pub(crate) agent: String,
    pub(crate) sidecar: String,
    pub(crate) user: AgentUser,
}

/// A guest that was started, and what was copied into it.
struct Guest {
    id: String,
    copied: Option<Digest>,
    /// What its relay says of it.
    report: Upgraded,
}

impl Launch<'_> {
    /// Starts a bottle, or one that was preserved again. Whoever calls it removes what it has made when it fails.
    pub(crate) async fn run(&self) -> Result<Started, LaunchError> {
        let user = agent_user(self.plan)?;
        let names = Names::of(&self.plan.identity);
        match self.preserved(&names).await? {
            Some(agent) => self.again(&names, agent, user).await,
            None => Box::pin(self.fresh(&names, user)).await,
        }
    }

    async fn fresh(&self, names: &Names, user: AgentUser) -> Result<Started, LaunchError> {
        quota::check(self.engine, self.plan).await?;
        let build_ca = self.materials.build_ca.as_deref();
        let (sidecar_image, agent_image) = tokio::try_join!(
            self.sidecar_image(),
            ensure_agent_image(self.engine, self.plan, build_ca, self.progress),
        )?;
        let steps = self.steps();
        let sidecar = self.sidecar(names, &sidecar_image).await?;
        let workspace = workspace::plan(self.plan, &self.materials.owner, names)?;
        let spec = self.agent_spec(names, user, &agent_image, &workspace);
        let asked = spec.host_config.clone().unwrap_or_default();
        let (agent, ()) = tokio::try_join!(
            self.fresh_guest(names, user, spec),
            steps.boot(&sidecar, &self.materials.boot),
        )?;
        // What was copied is written down while the guest looks at itself.
        let remembered = workspace::remember(self.engine, &sidecar, agent.copied);
        tokio::try_join!(
            remembered,
            self_check(self.engine, &agent.id, agent.report, &asked)
        )?;
        steps.rename(&agent.id, &names.agent).await?;
        let agent = agent.id;
        Ok(Started { agent, sidecar, user })
    }

    /// Makes the guest, fills its working folder and starts it. Its relay was in the doors volume from the start, and
    /// connects to doors that may not listen yet.
    async fn fresh_guest(
        &self,
        names: &Names,
        user: AgentUser,
        spec: ContainerCreateBody,
    ) -> Result<Guest, LaunchError> {
        let id = self.steps().agent(&names.starting, spec).await?;
        let copied = workspace::fill(
            self.engine,
            &id,
            self.plan,
            user,
            &self.host.ignore_files,
            self.progress,
        )
        .await?;
        self.progress.step("starting the guest");
        let report = self.steps().guest(&id).await?;
        Ok(Guest { id, copied, report })
    }

    /// Starts a preserved guest again, with a sidecar of its own.
    async fn again(&self, names: &Names, agent: Object, user: AgentUser) -> Result<Started, LaunchError> {
        let image = self.sidecar_image().await?;
        let sidecar = self.sidecar(names, &image).await?;
        self.steps().boot(&sidecar, &self.materials.boot).await?;
        let workspace = workspace::plan(self.plan, &self.materials.owner, names)?;
        let spec = self.agent_spec(names, user, "", &workspace);
        // Its limits are those that it was made with.
        let asked = HostConfig {
            memory: None,
            pids_limit: None,
            ..spec.host_config.unwrap_or_default()
        };
        self.progress.step("starting the guest");
        let report = self.steps().guest(&agent.id).await?;
        self_check(self.engine, &agent.id, report, &asked).await?;
        let agent = agent.id;
        Ok(Started { agent, sidecar, user })
    }

    /// Makes the sidecar. Its name is what two starts of one bottle race for: nothing is made before it is ours.
    async fn sidecar(&self, names: &Names, image: &str) -> Result<String, LaunchError> {
        self.progress.step("starting the sidecar");
        let spec = sidecar_container(&self.materials.owner, names, image, self.has_git());
        let created = self.steps().sidecar(&names.sidecar, spec).await?;
        created.ok_or_else(|| self.taken())
    }

    /// Returns the guest of a preserved bottle, none where there is no bottle of that name. What lies about of a start
    /// that died is removed: its volumes would be mounted as they are.
    async fn preserved(&self, names: &Names) -> Result<Option<Object>, LaunchError> {
        let identity = &self.plan.identity;
        let objects = objects::list(self.engine, labels::filter(identity)).await;
        let objects = objects.map_err(|error| step("look for the bottle", error))?;
        let ours = |object: &Object| self.host.sees(&object.owner);
        if objects.iter().any(|object| !ours(object)) {
            return Err(self.taken());
        }
        let is_guest = |object: &Object| object.is_container() && object.name == names.agent;
        let guest = objects.iter().find(|object| is_guest(object)).cloned();
        if guest.as_ref().is_some_and(Object::is_running) {
            return Err(self.taken());
        }
        // Beside a preserved guest, only its volumes belong to it.
        let is_left = |object: &Object| !is_guest(object) && (guest.is_none() || object.is_container());
        let left = objects.iter().filter(|object| is_left(object));
        if left.clone().any(|object| self.host.is_alive(&object.owner)) {
            return Err(self.taken());
        }
        if left.count() > 0 {
            let filter = labels::filter(identity);
            let removed =
                remove::remove_all(self.engine, filter, |object| ours(object) && is_left(object)).await;
            removed.map_err(|error| step("remove what was left of the name", error))?;
        }
        Ok(guest)
    }

    fn agent_spec(
        &self,
        names: &Names,
        user: AgentUser,
        image: &str,
        workspace: &Workspace,
    ) -> ContainerCreateBody {
        agent_container(&AgentSpec {
            plan: self.plan,
            owner: &self.materials.owner,
            names,
            user,
            image,
            doors: &self.plan.doors,
            workspace,
        })
    }

    async fn sidecar_image(&self) -> Result<String, LaunchError> {
        let version = &self.materials.owner.version;
        let LaunchMaterials {
            binaries, build_ca, ..
        } = self.materials;
        match self.has_git() {
            true => {
                let repos = self.plan.repos.iter();
                let scanners = repos.flat_map(|repo| repo.scanners.iter().copied()).collect();
                let ca = build_ca.as_deref();
                ensure_git_image(self.engine, binaries, version, &scanners, ca, self.progress).await
            }
            false => {
                let image = ensure_sidecar_image(self.engine, binaries, version, self.progress).await;
                image.map(|image| image.id)
            }
        }
    }

    fn has_git(&self) -> bool {
        self.plan.doors.contains(&Door::GitGate)
    }

    fn steps(&self) -> Steps<'_> {
        Steps {
            engine: self.engine,
            start: self.start,
        }
    }

    fn taken(&self) -> LaunchError {
        LaunchError::NameTaken(self.plan.identity.clone())
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
