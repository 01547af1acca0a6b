//! Bottles without an engine: who may have them here, and what of theirs is to be looked at.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::programs;
use super::skip::{Reason, skip};
use super::stage::Stage;

/// Where servers of a test listen that a sidecar on the host must reach.
pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A user id that nobody has.
pub(crate) const SOMEBODY: u32 = 61_017;
/// An engine that does not answer.
const NO_ENGINE: &str = "unix:///nowhere/docker.sock";

/// Who starts bottles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever runs the tests.
    Caller,
    /// An ordinary user, when root runs the tests.
    Somebody,
}

impl Who {
    /// All that can be tried here: an ordinary user always, and root when root runs the tests.
    #[must_use]
    pub fn all() -> &'static [Self] {
        match rustix::process::geteuid().is_root() {
            true => &[Self::Caller, Self::Somebody],
            false => {
                eprintln!("not root: bottles of an ordinary user only");
                &[Self::Caller]
            }
        }
    }
}

/// Makes a stage whose bottles run in namespaces, or says that this test is skipped where nobody may make those.
pub fn native_or_skip(test: &str, who: Who) -> Result<Option<Stage>> {
    let mut stage = Stage::without_engine()?;
    stage.set("DOCKER_HOST", NO_ENGINE);
    if who == Who::Somebody {
        stage.become_somebody(SOMEBODY)?;
    }
    match forbidden(&stage, who)? {
        None => Ok(Some(stage)),
        Some(reason) => {
            eprintln!("USER NAMESPACES ARE FORBIDDEN HERE to {who:?}: {reason}");
            skip(test, Reason::Impossible("namespaces of users"))?;
            Ok(None)
        }
    }
}

/// Has the sidecar try what every guest needs.
fn forbidden(stage: &Stage, who: Who) -> Result<Option<String>> {
    let probe = ["guest", "--probe"];
    let tried = match who {
        Who::Caller => Command::new(programs::dist_folder()?.join("bottle-sidecar"))
            .args(probe)
            .output()?,
        Who::Somebody => Command::new("setpriv")
            .args([
                &format!("--reuid={SOMEBODY}"),
                &format!("--regid={SOMEBODY}"),
                "--clear-groups",
            ])
            .arg(stage.folder().join("programs/bottle-sidecar"))
            .args(probe)
            .output()?,
    };
    let said = String::from_utf8_lossy(&tried.stderr).into_owned();
    Ok((!tried.status.success()).then_some(said))
}

/// Puts the real agents' programs on the search path of a stage, where its user may look; or says that they are not
/// there.
pub fn find_agents_or_skip(test: &str, stage: &mut Stage) -> Result<bool> {
    let Some(folder) = programs::agents_folder() else {
        skip(
            test,
            Reason::Missing("claude and codex; `cargo xtask test --only native` gets them"),
        )?;
        return Ok(false);
    };
    let seen = stage.folder().join("agents");
    link_tree(&folder, &seen)?;
    stage.set(
        "PATH",
        &format!("{}/bin:/usr/local/bin:/usr/bin:/bin", seen.display()),
    );
    Ok(true)
}

fn link_tree(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").args(["-a", "-l"]).arg(from).arg(to).status()?;
    if !copied.success() {
        let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
        ensure!(copied.success(), "cannot copy {}", from.display());
    }
    Ok(())
}

/// The processes of one bottle: who looks after it, and all that it has started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processes {
    /// Who looks after it.
    pub keeper: i32,
    /// The guest's first.
    pub first: i32,
    /// The relay beside the guest.
    pub relay: i32,
    /// The first of the doors'.
    pub sidecar: i32,
    /// The egress door's.
    pub door: i32,
    /// All of them and what they have started.
    pub all: Vec<i32>,
    /// The namespaces that they have for themselves.
    namespaces: BTreeSet<String>,
    /// Every process of the machine that was there then.
    machine: BTreeSet<i32>,
}

impl Processes {
    /// Finds those of a bottle that runs.
    pub fn of(stage: &Stage, label: &str) -> Result<Self> {
        let file = stage.bottle_home().join("native").join(label).join("keeper");
        let keeper: i32 = fs::read_to_string(&file)
            .with_context(|| file.display().to_string())?
            .parse()?;
        let children = children(keeper);
        let named = |word: &str| {
            let found = children.iter().copied().find(|child| line(*child).contains(word));
            found.with_context(|| format!("no child of {keeper} is {word:?}: {children:?}"))
        };
        let (sidecar, relay) = (named("bottle-sidecar init")?, named("/relay")?);
        let first = children
            .iter()
            .copied()
            .find(|child| ![sidecar, relay].contains(child));
        let door = self::children(sidecar).first().copied();
        let all = descendants(keeper);
        let host = namespaces(std::process::id().try_into()?);
        let theirs = all.iter().flat_map(|process| namespaces(*process));
        Ok(Self {
            keeper,
            first: first.context("the guest has no first process")?,
            relay,
            sidecar,
            door: door.context("the sidecar has no door")?,
            namespaces: theirs.filter(|one| !host.contains(one)).collect(),
            all,
            machine: machine().collect(),
        })
    }

    /// Those that still run. What has ended and was not asked for its status by its new parent yet holds nothing.
    #[must_use]
    pub fn alive(&self) -> Vec<i32> {
        self.all
            .iter()
            .copied()
            .filter(|process| runs(*process))
            .collect()
    }

    /// What runs in the guest beside its first process, in the order in which it was started.
    #[must_use]
    pub fn guests(&self) -> Vec<i32> {
        let below = descendants(self.first);
        below.into_iter().skip(1).collect()
    }

    /// Processes in a namespace of theirs, which were not found by their parents. One that is younger than this look is
    /// another bottle's: the kernel gives the numbers of namespaces that are gone to new ones.
    #[must_use]
    pub fn strays(&self) -> Vec<i32> {
        let within = |process: &i32| {
            let own = namespaces(*process);
            own.iter().any(|one| self.namespaces.contains(one))
        };
        machine()
            .filter(|process| self.machine.contains(process) && runs(*process))
            .filter(within)
            .collect()
    }

    /// Waits until one of them has ended.
    pub fn wait_for_end(process: i32, limit: Duration) -> Result<()> {
        use rustix::event::{PollFd, PollFlags, poll};
        let process = rustix::process::Pid::from_raw(process).context("no process")?;
        let flags = rustix::process::PidfdFlags::empty();
        let file = match rustix::process::pidfd_open(process, flags) {
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            file => file?,
        };
        let limit = rustix::event::Timespec::try_from(limit)?;
        let ended = poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&limit))?;
        ensure!(ended == 1, "{process:?} does not end within {limit:?}");
        Ok(())
    }
}

fn machine() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The namespaces of a process, as far as whoever asks may know them (namespaces(7)).
fn namespaces(process: i32) -> BTreeSet<String> {
    let kinds = ["user", "net", "mnt", "pid", "ipc", "uts", "cgroup"];
    let links = kinds.map(|kind| fs::read_link(format!("/proc/{process}/ns/{kind}")));
    let read = links.into_iter().flatten();
    read.map(|link| link.to_string_lossy().into_owned()).collect()
}

/// Reads field 3 of `/proc/<pid>/stat` (proc_pid_stat(5)).
fn runs(process: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.trim_start().chars().next());
    state.is_some_and(|state| !['Z', 'X'].contains(&state))
}

fn descendants(process: i32) -> Vec<i32> {
    let mut all = vec![process];
    let mut next = 0;
    while let Some(process) = all.get(next).copied() {
        all.extend(children(process));
        next += 1;
    }
    all
}

fn children(process: i32) -> Vec<i32> {
    let file = format!("/proc/{process}/task/{process}/children");
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// A process's arguments, as one line.
fn line(process: i32) -> String {
    let bytes = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// What a machine holds that a bottle could leave behind: mounts, groups of processes, sockets that listen and the files
/// of those that do not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Remains {
    mounts: BTreeSet<String>,
    groups: BTreeSet<String>,
    sockets: BTreeSet<String>,
}

impl Remains {
    /// Looks for those of a stage's bottle: others come and go.
    pub fn of(stage: &Stage, label: &str) -> Result<Self> {
        let folder = stage.folder().to_string_lossy().into_owned();
        let lines = |file: &str| -> Result<BTreeSet<String>> {
            let text = fs::read_to_string(file)?;
            let named = text.lines().filter(|line| line.contains(&folder));
            Ok(named.map(str::to_owned).collect())
        };
        let mut found = Self {
            mounts: lines("/proc/self/mountinfo")?,
            groups: BTreeSet::new(),
            sockets: lines("/proc/net/unix")?,
        };
        let name = format!("bottle-{label}-");
        look_below(Path::new("/sys/fs/cgroup"), &mut |path, kind| {
            let named = path
                .file_name()
                .is_some_and(|found| found.to_string_lossy().starts_with(&name));
            if kind.is_dir() && named {
                found.groups.insert(path.to_string_lossy().into_owned());
            }
        });
        look_below(&stage.bottle_home().join("native"), &mut |path, kind| {
            if kind.is_socket() {
                found.sockets.insert(path.to_string_lossy().into_owned());
            }
        });
        Ok(found)
    }

    /// Fails when there is anything.
    pub fn ensure_none(&self, what: &str) -> Result<()> {
        ensure!(*self == Self::default(), "{what}: {self:?}");
        Ok(())
    }
}

fn look_below(folder: &Path, see: &mut dyn FnMut(&Path, fs::FileType)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // What goes away meanwhile is not left.
        let Ok(kind) = entry.file_type() else { continue };
        see(&entry.path(), kind);
        if kind.is_dir() {
            look_below(&entry.path(), see);
        }
    }
}

/// Reads every file of a folder, one after the other. What another user keeps to themselves is passed over.
pub fn read_all(path: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if meta.is_file() {
        return take(&fs::read(path).unwrap_or_default());
    }
    if meta.is_dir() {
        for entry in fs::read_dir(path).context("cannot look into a folder")? {
            read_all(&entry?.path(), take)?;
        }
    }
    Ok(())
}
