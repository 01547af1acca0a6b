//! The guest's file system: which of the host's files it shows, and where it has its own.

mod etc;
mod submounts;
mod visible;

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use bottle_guest::{COVERED, Mount, SEALED, User, Users};
use bottle_host::Mounted;
use bottle_plan::BottlePlan;
use bottle_plan::provider::TrustStore;

use crate::image::Image;
use crate::mounted;
use crate::program::Programs;
use visible::Visible;
pub(crate) use visible::shown;

/// Where the guest finds the relay's program, for the look at itself before the agent runs.
pub(crate) const RELAY: &str = "/run/bottle/relay";
/// A folder among the bottle's own files that nothing is ever put into, and that the guest does not see.
pub(crate) const EMPTY: &str = "empty";
/// Shared memory: 64 MiB, as engines have it.
const SHARED_MEMORY: u64 = 64 << 20;
/// Devices that end in the kernel and are the same for everybody.
const DEVICES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];

/// What a tree is made from.
pub(crate) struct TreeInputs<'a> {
    pub(crate) plan: &'a BottlePlan,
    /// The bottle's own files on the host.
    pub(crate) files: &'a Path,
    pub(crate) users: Users,
    pub(crate) agent: User,
    pub(crate) relay: &'a Path,
    pub(crate) image: &'a Image,
    pub(crate) programs: &'a Programs,
    pub(crate) mounted: Option<&'a Mounted>,
}

impl TreeInputs<'_> {
    /// Makes the guest's own files; those of a bottle that was there before stay, but for what this program writes.
    pub(crate) fn make_files(&self) -> io::Result<()> {
        let root = User { uid: 0, gid: 0 };
        for (name, mode, owner) in [
            ("home", 0o755, self.agent),
            ("git", 0o755, self.agent),
            ("root", 0o700, root),
            ("tmp", 0o1777, root),
            ("var-tmp", 0o1777, root),
            ("certificates", 0o755, root),
            ("etc", 0o755, root),
            (EMPTY, 0o755, root),
        ] {
            let path = self.files.join(name);
            if !path.is_dir() {
                fs::create_dir(&path)?;
                fs::set_permissions(&path, Permissions::from_mode(mode))?;
                self.own(&path, owner)?;
            }
        }
        etc::fill(&self.files.join("etc"), self.image, self.plan, |path| {
            self.own(path, root)
        })?;
        let trust = etc::trust(self.files, self.image, &self.plan.provider.trust)?;
        trust.iter().try_for_each(|path| self.own(path, root))
    }

    fn own(&self, path: &Path, user: User) -> io::Result<()> {
        match self.users {
            Users::Own => Ok(()),
            users => chown(path, Some(users.host_id(user.uid)), Some(users.host_id(user.gid))),
        }
    }

    /// Returns the steps in which the tree is put together.
    pub(crate) fn mounts(&self) -> io::Result<Vec<Mount>> {
        let mut visible = Visible::of(self.image)?;
        let home = self.plan.guest_home.as_str();
        let trust = &self.plan.provider.trust;
        let mut own = vec![
            self.writable("etc", "/etc"),
            self.writable("home", home),
            self.writable("root", "/root"),
            self.writable("tmp", "/tmp"),
            self.writable("var-tmp", "/var/tmp"),
        ];
        let empty = self.files.join(EMPTY);
        own.extend(etc::of(self.image, &empty));
        own.push(self.writable("certificates", trust.certificate.parent().as_str()));
        own.push(self.writable("bundle.pem", trust.bundle.as_str()));
        if let Some(update) = own_update(trust) {
            own.push(bind(&self.files.join("update-trust"), update));
        }
        own.push(bind(self.relay, RELAY));
        own.extend(self.programs.mounts(&empty));
        for mount in &own {
            visible.make_room(Path::new(mount.target()))?;
        }
        let mut mounts = visible.mounts(&empty);
        mounts.extend(own);
        mounts.extend(devices());
        if let Some(mounted) = self.mounted {
            let repository = self.files.join("git");
            mounts.extend(mounted::mounts(
                mounted,
                self.plan.workspace.guest.as_str(),
                &repository,
            ));
        }
        mounts.extend(processes());
        Ok(mounts)
    }

    /// Returns where the agent may write.
    pub(crate) fn writable_paths(&self) -> Vec<String> {
        let home = self.plan.guest_home.as_str();
        let workspace = self.plan.workspace.guest.as_str();
        [home, workspace, "/tmp", "/var/tmp", "/dev", "/proc"]
            .map(str::to_owned)
            .to_vec()
    }

    fn writable(&self, name: &str, target: &str) -> Mount {
        Mount::Bind {
            source: self.files.join(name),
            target: target.to_owned(),
            writable: true,
            devices: false,
        }
    }
}

/// Returns where a program of ours stands for the system's own that rebuilds the trust store.
fn own_update(trust: &TrustStore) -> Option<&str> {
    let usual = TrustStore::default();
    (trust.update == usual.update).then(|| trust.update.first().map(String::as_str))?
}

fn bind(source: &Path, target: &str) -> Mount {
    Mount::Bind {
        source: source.to_owned(),
        target: target.to_owned(),
        writable: false,
        devices: false,
    }
}

fn devices() -> Vec<Mount> {
    let link = |target: &str, to: &str| Mount::Link {
        target: target.to_owned(),
        to: to.to_owned(),
    };
    let mut mounts: Vec<Mount> = DEVICES
        .map(|name| Mount::Bind {
            source: PathBuf::from("/dev").join(name),
            target: format!("/dev/{name}"),
            writable: true,
            devices: true,
        })
        .into();
    mounts.extend([
        Mount::Terminals {
            target: "/dev/pts".to_owned(),
        },
        Mount::Memory {
            target: "/dev/shm".to_owned(),
            bytes: SHARED_MEMORY,
            mode: 0o1777,
        },
        link("/dev/ptmx", "pts/ptmx"),
        link("/dev/fd", "/proc/self/fd"),
        link("/dev/stdin", "/proc/self/fd/0"),
        link("/dev/stdout", "/proc/self/fd/1"),
        link("/dev/stderr", "/proc/self/fd/2"),
    ]);
    mounts
}

fn processes() -> Vec<Mount> {
    let mut mounts = vec![Mount::Processes {
        target: "/proc".to_owned(),
    }];
    mounts.extend(SEALED.map(|name| Mount::Seal {
        target: format!("/proc/{name}"),
    }));
    mounts.extend(COVERED.map(|name| Mount::Cover {
        target: format!("/proc/{name}"),
    }));
    mounts
}
