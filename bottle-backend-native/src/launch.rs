//! A start, from a name to a guest that has looked at itself.

use std::io;

use bottle_backend::environment::guest_environment;
use bottle_backend::{BoxError, LaunchError, LaunchMaterials, Progress};
use bottle_guest::{Channel, GuestSpec, Limits, Relay, User, Users};
use bottle_host::{BootStreams, Claim, Folder, Keeper, Mounted, Record};
use bottle_plan::BottlePlan;
use bottle_plan::workspace::WorkspaceSource;

use crate::backend::NativeConfig;
use crate::bottle::NativeBottle;
use crate::check::self_check;
use crate::guest::Entrance;
use crate::image::Image;
use crate::program::Programs;
use crate::record::GuestRecord;
use crate::tree::TreeInputs;

/// Where the relay sees the doors' sockets.
const DOORS: &str = "/doors";
/// Open files of one process.
const OPEN_FILES: u64 = 65_536;
/// The relay's user, where the guest has more than one.
const RELAY_USER: User = User {
    uid: 64_001,
    gid: 64_001,
};

/// What a start is given.
pub(crate) struct Launch<'a> {
    pub(crate) config: &'a NativeConfig,
    pub(crate) plan: &'a BottlePlan,
    pub(crate) materials: &'a LaunchMaterials,
    pub(crate) progress: &'a dyn Progress,
}

impl Launch<'_> {
    /// Starts a bottle, or one that was preserved again. Whoever calls it removes what it has made when it fails.
    pub(crate) async fn run(&self) -> Result<NativeBottle, LaunchError> {
        let agent = agent_user(self.plan)?;
        let image = Image::of(&self.plan.image.source)?;
        self.binary("bottle-sidecar", "the static sidecar")?;
        self.binary("bottle-relay", "the static relay")?;
        self.step("making the guest's files").await;
        let claim =
            Folder::<GuestRecord>::claim(&self.config.folder, &self.materials.owner, &self.config.host);
        let claim = claim.map_err(|error| step("make the bottle's folder", error))?;
        let claim = claim.ok_or_else(|| LaunchError::NameTaken(self.plan.identity.clone()))?;
        bottle_host::fits(&claim.folder)?;
        let mut record = self.prepare(&claim, agent, &image)?;
        self.step("starting the guest").await;
        let keeper = self.start(&claim.folder, &record).await?;
        let channel = Channel::new(claim.folder.path());
        if !claim.again {
            let entrance = Entrance::running(&claim.folder);
            let copied = bottle_host::fill(
                &entrance,
                self.plan,
                &self.config.host.ignore_files,
                self.progress,
            )
            .await;
            let copied = copied.map_err(|error| step("copy the workspace", error))?;
            record.digest = copied.map(|digest| digest.to_string());
        }
        self.step("looking at the guest").await;
        self_check(&channel, &record, &self.relay_arguments()).await?;
        keeper
            .stay()
            .map_err(|error| step("let go of the guest", error))?;
        self.write(&claim.folder, true, Some(&record))?;
        Ok(NativeBottle::new(
            self.plan.identity.clone(),
            claim.folder,
            record,
        ))
    }

    /// Says what begins, and lets whoever ends the start do so between two steps.
    async fn step(&self, step: &str) {
        self.progress.step(step);
        tokio::task::yield_now().await;
    }

    /// Makes what the guest's tree is made from.
    fn prepare(
        &self,
        claim: &Claim<GuestRecord>,
        agent: User,
        image: &Image,
    ) -> Result<GuestRecord, LaunchError> {
        let folder = &claim.folder;
        let before = folder
            .record()
            .and_then(|record| record.guest)
            .filter(|_| claim.again);
        let users = match &before {
            Some(guest) => guest.spec.users,
            None => self
                .users()
                .map_err(|error| step("find users for the guest", error))?,
        };
        let mounted = match &self.plan.workspace.source {
            WorkspaceSource::Mount { host } => {
                let before = before.as_ref().and_then(|guest| guest.mounted.as_ref());
                Some(bottle_host::look(host, before)?)
            }
            WorkspaceSource::None | WorkspaceSource::Copy { .. } => None,
        };
        let programs = Programs::find(self.plan, image, &self.config.search)?;
        let files = folder.files();
        let relay = self.materials.binaries.join("bottle-relay");
        let tree = TreeInputs {
            plan: self.plan,
            files: &files,
            users,
            agent,
            relay: &relay,
            image,
            programs: &programs,
            mounted: mounted.as_ref(),
        };
        tree.make_files()
            .map_err(|error| step("make the guest's files", error))?;
        let guest = GuestRecord {
            spec: self.spec(folder, &tree)?,
            env: environment(self.plan, &programs),
            workspace: self.plan.workspace.guest.clone(),
            mounted,
            digest: before.and_then(|guest| guest.digest),
        };
        self.write(folder, claim.again, Some(&guest))?;
        guest.mounted.as_ref().map_or(Ok(()), Mounted::make)?;
        Ok(guest)
    }

    fn spec(&self, folder: &Folder<GuestRecord>, tree: &TreeInputs<'_>) -> Result<GuestSpec, LaunchError> {
        let resources = &self.plan.resources;
        Ok(GuestSpec {
            hostname: self.plan.identity.to_string(),
            folder: folder.path().to_owned(),
            users: tree.users,
            tree: tree
                .mounts()
                .map_err(|error| step("look at the host's programs", error))?,
            agent: tree.agent,
            writable: tree.writable_paths(),
            limits: Limits {
                processes: bottle_host::processes(resources),
                memory: resources.memory.map(|memory| memory.bytes()),
                millicpus: resources.millicpus,
                open_files: OPEN_FILES,
            },
            relay: Some(Relay {
                program: tree.relay.to_owned(),
                doors: folder.doors(),
                arguments: self.relay_arguments(),
                user: RELAY_USER,
            }),
            sidecar: Some(bottle_host::sidecar(folder, self.plan, &self.materials.binaries)?),
        })
    }

    /// Returns the users that the guest gets: root gives it some that nobody has.
    fn users(&self) -> io::Result<Users> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Users::Own);
        }
        let taken: Vec<Users> = Folder::<GuestRecord>::all(&self.config.folder)?
            .iter()
            .filter_map(|folder| Some(folder.record()?.guest?.spec.users))
            .collect();
        let ranges = Users::ranges();
        let first = number_of(&self.plan.identity.to_string()) % ranges;
        let mut free = (0..ranges).filter_map(|offset| Users::range_of((first + offset) % ranges));
        free.find(|users| !taken.contains(users))
            .ok_or_else(|| io::Error::other("every range of users is taken"))
    }

    /// Starts the sidecar and the guest side by side.
    async fn start(&self, folder: &Folder<GuestRecord>, guest: &GuestRecord) -> Result<Keeper, LaunchError> {
        let (streams, files) = BootStreams::open().map_err(|error| step("boot the sidecar", error))?;
        let program = self.materials.binaries.join("bottle-sidecar");
        let log = folder.log();
        let keeper = async {
            let started = Keeper::start(&program, guest.spec.clone(), &log, files).await;
            started.map_err(|error| step("start the guest", error))
        };
        let (keeper, ()) = tokio::try_join!(keeper, streams.boot(&self.materials.boot, &log))?;
        Ok(keeper)
    }

    fn write(
        &self,
        folder: &Folder<GuestRecord>,
        ready: bool,
        guest: Option<&GuestRecord>,
    ) -> Result<(), LaunchError> {
        let record = Record {
            owner: self.materials.owner.clone(),
            ready,
            guest: guest.cloned(),
        };
        let written = folder.write_record(&record);
        written.map_err(|error| step("write down what the bottle is", error))
    }

    fn relay_arguments(&self) -> Vec<String> {
        bottle_host::relay_arguments(self.plan, DOORS)
    }

    fn binary(&self, name: &str, what: &'static str) -> Result<(), LaunchError> {
        let path = self.materials.binaries.join(name);
        match path.is_file() {
            true => Ok(()),
            false => Err(LaunchError::MissingFile { what, path }),
        }
    }
}

fn environment(plan: &BottlePlan, programs: &Programs) -> std::collections::BTreeMap<String, String> {
    let mut env = guest_environment(plan);
    if let (Some(folder), Some(path)) = (programs.search(), env.get_mut("PATH")) {
        *path = format!("{folder}:{path}");
    }
    env
}

/// Agents share no user with the relay, the doors or root.
fn agent_user(plan: &BottlePlan) -> Result<User, LaunchError> {
    let user = &plan.provider.user;
    let refused = |reason: &str| LaunchError::Unsupported {
        what: "the agent's user",
        reason: format!("{} has the user id {}, {reason}", user.name, user.uid),
    };
    match user.uid {
        0 => Err(refused("which owns the guest's trust store and programs")),
        64_001 => Err(refused("which is the relay's")),
        65_536.. => Err(refused("and a guest has users up to 65535")),
        uid => Ok(User { uid, gid: user.gid }),
    }
}

/// Spreads names over numbers (FNV-1a, 32 bits).
fn number_of(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn step(step: &'static str, error: impl Into<BoxError>) -> LaunchError {
    LaunchError::Step {
        step,
        source: error.into(),
    }
}
