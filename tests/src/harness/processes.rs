//! The processes of a bottle without an engine.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::stage::Stage;

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
        let keeper = keeper(stage, label)?;
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

    /// Returns the process that looks after a bottle as soon as there is one, or the youngest of its children as soon as
    /// there are so many.
    pub fn youngest(stage: &Stage, label: &str, children: usize, limit: Duration) -> Result<i32> {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            let keeper = keeper(stage, label);
            let own = keeper
                .as_ref()
                .map_or(Vec::new(), |keeper| self::children(*keeper));
            match (keeper, children) {
                (Ok(keeper), 0) => return Ok(keeper),
                (Ok(_), many) if own.len() >= many => return own.last().copied().context("no child"),
                _ => std::thread::yield_now(),
            }
        }
        bail!("no bottle with {children} processes within {limit:?}")
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

/// Who says of itself that it looks after a bottle.
fn keeper(stage: &Stage, label: &str) -> Result<i32> {
    let file = stage.bottle_home().join("native").join(label).join("keeper");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    Ok(text.parse()?)
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
