//! A start, from a name to a guest that has looked at itself.

use std::path::PathBuf;
use std::time::Duration;

use bottle_backend::environment::guest_environment;
use bottle_backend::{BoxError, ExecCommand, LaunchError, LaunchMaterials, Progress};
use bottle_guest::Service;
use bottle_host::{BootStreams, Claim, Folder, Keeper, Record};
use bottle_plan::BottlePlan;
use bottle_plan::workspace::WorkspaceSource;
use bottle_util::untrusted;

use crate::backend::SmolConfig;
use crate::bottle::SmolBottle;
use crate::exec::exec;
use crate::guest::{Entrance, install};
use crate::machine::{MachineInputs, RELAY, RELAY_USER, machine_name, relay_arguments};
use crate::record::GuestRecord;

/// The most time that the guest may take to look at itself.
const SELF_CHECK: Duration = Duration::from_secs(60);

/// What a start is given.
pub(crate) struct Launch<'a> {
    pub(crate) config: &'a SmolConfig,
    pub(crate) plan: &'a BottlePlan,
    pub(crate) materials: &'a LaunchMaterials,
    pub(crate) progress: &'a dyn Progress,
}

impl Launch<'_> {
    /// Starts a bottle, or one that was preserved again. Whoever calls it removes what it has made when it fails.
    pub(crate) async fn run(&self) -> Result<SmolBottle, LaunchError> {
        let agent = agent_user(self.plan)?;
        if matches!(self.plan.workspace.source, WorkspaceSource::Mount { .. }) {
            return Err(LaunchError::Unsupported {
                what: "a mounted workspace",
                reason: "nothing of it could be covered: in its own kernel a guest's root takes every cover away; \
                         use a copy"
                    .to_owned(),
            });
        }
        let sidecar = self.binary("bottle-sidecar", "the static sidecar")?;
        let relay = self.binary("bottle-relay", "the static relay")?;
        let image = self
            .config
            .images
            .archive(self.plan, self.materials, self.progress)
            .await?;
        let claim =
            Folder::<GuestRecord>::claim(&self.config.folder, &self.materials.owner, &self.config.host);
        let claim = claim.map_err(|error| step("make the bottle's folder", error))?;
        let claim = claim.ok_or_else(|| LaunchError::NameTaken(self.plan.identity.clone()))?;
        bottle_host::fits(&claim.folder)?;
        let entrance = self.prepare(&claim, agent, image, &relay)?;
        self.step("starting the machine").await;
        let doors = self.serve(&claim.folder, sidecar);
        let machine = self.start(&claim, &entrance);
        let (keeper, ()) = tokio::try_join!(doors, machine)?;
        self.step("looking at the guest").await;
        self.self_check(&entrance).await?;
        let mut entrance = entrance;
        if !claim.again {
            let ignored = &self.config.host.ignore_files;
            let copied = bottle_host::fill(&entrance, self.plan, ignored, self.progress).await;
            let copied = copied.map_err(|error| step("copy the workspace", error))?;
            entrance.guest.digest = copied.map(|digest| digest.to_string());
        }
        keeper
            .stay()
            .map_err(|error| step("let go of the doors", error))?;
        self.write(&claim.folder, true, &entrance.guest)?;
        let identity = self.plan.identity.clone();
        Ok(SmolBottle::new(identity, claim.folder, entrance))
    }

    /// Says what begins, and lets whoever ends the start do so between two steps.
    async fn step(&self, step: &str) {
        self.progress.step(step);
        tokio::task::yield_now().await;
    }

    /// Writes down what there will be before it is made, so that it can be removed whatever happens.
    fn prepare(
        &self,
        claim: &Claim<GuestRecord>,
        agent: (u32, u32),
        image: PathBuf,
        relay: &std::path::Path,
    ) -> Result<Entrance, LaunchError> {
        let folder = &claim.folder;
        let before = folder
            .record()
            .and_then(|record| record.guest)
            .filter(|_| claim.again);
        let owner = &self.materials.owner;
        let guest = GuestRecord {
            machine: machine_name(&owner.home, &owner.identity),
            // A machine stays what it was made from.
            image: before.as_ref().map_or(image, |guest| guest.image.clone()),
            agent,
            processes: bottle_host::processes(&self.plan.resources),
            env: guest_environment(self.plan),
            workspace: self.plan.workspace.guest.clone(),
            digest: before.and_then(|guest| guest.digest),
        };
        install(relay, &programs(folder)).map_err(|error| step("make the guest's files", error))?;
        self.write(folder, claim.again, &guest)?;
        Ok(Entrance {
            smolvm: self.config.smolvm.clone(),
            guest,
        })
    }

    /// Starts the sidecar and waits until its doors listen.
    async fn serve(&self, folder: &Folder<GuestRecord>, program: PathBuf) -> Result<Keeper, LaunchError> {
        let (streams, files) = BootStreams::open().map_err(|error| step("boot the sidecar", error))?;
        let log = folder.log();
        let service = Service {
            folder: folder.path().to_owned(),
            sidecar: bottle_host::sidecar(folder, self.plan, &self.materials.binaries)?,
        };
        let keeper = async {
            let started = Keeper::serve(&program, service, &log, files).await;
            started.map_err(|error| step("start the doors", error))
        };
        let (keeper, ()) = tokio::try_join!(keeper, streams.boot(&self.materials.boot, &log))?;
        Ok(keeper)
    }

    async fn start(&self, claim: &Claim<GuestRecord>, entrance: &Entrance) -> Result<(), LaunchError> {
        let smolvm = &self.config.smolvm;
        if !claim.again {
            let (doors, programs) = (claim.folder.doors(), programs(&claim.folder));
            let inputs = MachineInputs {
                plan: self.plan,
                owner: &self.materials.owner,
                doors: &doors,
                programs: &programs,
                image: entrance.guest.image.clone(),
            };
            let created = smolvm.create(&inputs.machine()?).await;
            created.map_err(|error| step("make the machine", error))?;
        }
        let started = smolvm.start(&entrance.guest.machine).await;
        started.map_err(|error| step("start the machine", error))
    }

    async fn self_check(&self, entrance: &Entrance) -> Result<(), LaunchError> {
        let words = [
            RELAY.to_owned(),
            "self-check".to_owned(),
            "--own-kernel".to_owned(),
        ];
        let command = ExecCommand {
            limit: SELF_CHECK,
            ..ExecCommand::agent(words.into_iter().chain(relay_arguments(self.plan)))
        };
        let done = exec(entrance, &command).await;
        let done = done.map_err(|error| step("look at the guest from inside", error))?;
        match bottle_host::self_checked(&done) {
            Err(LaunchError::SelfCheck { mut findings }) => {
                findings.extend(self.relay_said(entrance).await);
                Err(LaunchError::SelfCheck { findings })
            }
            checked => checked,
        }
    }

    /// What the relay said, which is mostly why it does not listen.
    async fn relay_said(&self, entrance: &Entrance) -> Vec<String> {
        let log = entrance.smolvm.log(&entrance.guest.machine).await;
        // Without a log there is no more to say.
        let log = log.unwrap_or_default();
        log.lines().map(untrusted::line).collect()
    }

    fn write(
        &self,
        folder: &Folder<GuestRecord>,
        ready: bool,
        guest: &GuestRecord,
    ) -> Result<(), LaunchError> {
        let record = Record {
            owner: self.materials.owner.clone(),
            ready,
            guest: Some(guest.clone()),
        };
        let written = folder.write_record(&record);
        written.map_err(|error| step("write down what the bottle is", error))
    }

    fn binary(&self, name: &str, what: &'static str) -> Result<PathBuf, LaunchError> {
        let path = self.materials.binaries.join(name);
        match path.is_file() {
            true => Ok(path),
            false => Err(LaunchError::MissingFile { what, path }),
        }
    }
}

/// Returns the folder that the guest sees as the one of its programs.
fn programs(folder: &Folder<GuestRecord>) -> PathBuf {
    folder.files().join("programs")
}

/// Agents share no user with the relay or root.
fn agent_user(plan: &BottlePlan) -> Result<(u32, u32), LaunchError> {
    let user = &plan.provider.user;
    let refused = |reason: &str| LaunchError::Unsupported {
        what: "the agent's user",
        reason: format!("{} has the user id {}, {reason}", user.name, user.uid),
    };
    match user.uid {
        0 => Err(refused("which owns the guest's trust store and programs")),
        uid if uid == RELAY_USER.0 => Err(refused("which is the relay's")),
        uid => Ok((uid, user.gid)),
    }
}

fn step(step: &'static str, error: impl Into<BoxError>) -> LaunchError {
    LaunchError::Step {
        step,
        source: error.into(),
    }
}
