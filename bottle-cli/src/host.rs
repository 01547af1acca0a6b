//! The host as the command found it: read once in `main`, passed in everywhere else.

mod git_settings;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bottle_backend::Owner;
use bottle_plan::names::{EnvName, Identity};
use bottle_util::Secret;

use crate::identity::home_label;

/// What a library must not look up by itself.
#[derive(Clone)]
pub struct Host {
    /// The environment of the command.
    pub variables: BTreeMap<String, Secret>,
    /// The user's home folder.
    pub home: PathBuf,
    /// Where bottles, agents and state lie: `~/.bot-bottle` or `BOT_BOTTLE_HOME`.
    pub bottle_home: PathBuf,
    /// The working folder.
    pub directory: PathBuf,
    /// The folders to look for `bottle-sidecar` and `bottle-relay` in, best first.
    pub sidecar_folders: Vec<PathBuf>,
    /// The addresses of the host's own interfaces.
    pub addresses: Vec<IpAddr>,
    /// The host's root store, DER.
    pub roots: Vec<Vec<u8>>,
    /// A bundle of certificate authorities that image builds must trust.
    pub build_ca: Option<PathBuf>,
    /// The engine's socket, when the environment names one.
    pub docker_socket: Option<PathBuf>,
    /// This process, for labels.
    pub process: Process,
    /// Seconds since 1970, asked anew each time.
    pub clock: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// The running command, as labels name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The machine's own id, hashed so that it is no use elsewhere.
    pub machine: String,
    /// The kernel's boot id.
    pub boot: String,
    /// The user.
    pub uid: u32,
    /// The process id.
    pub pid: u32,
    /// When the process was started, in clock ticks since boot.
    pub pid_started: u64,
}

impl Host {
    /// Returns the owner that a bottle of this process has.
    #[must_use]
    pub fn owner(&self, identity: Identity) -> Owner {
        let Process {
            machine,
            boot,
            uid,
            pid,
            pid_started,
        } = self.process.clone();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Owner {
            identity,
            machine,
            uid,
            boot,
            pid,
            pid_started,
            home: home_label(&self.bottle_home),
            version,
            started_at: (self.clock)(),
        }
    }

    /// Returns the value of a variable of the command's environment.
    #[must_use]
    pub fn variable(&self, name: &EnvName) -> Option<&Secret> {
        self.variables.get(name.as_str())
    }

    /// Returns the socket of the user's ssh agent.
    #[must_use]
    pub fn ssh_agent(&self) -> Option<PathBuf> {
        let socket = self.variables.get("SSH_AUTH_SOCK");
        let socket = socket.map(|socket| PathBuf::from(socket.expose()));
        socket.filter(|socket| socket.is_absolute())
    }

    /// Returns the folder that holds one folder per bottle.
    #[must_use]
    pub fn state_root(&self) -> PathBuf {
        self.bottle_home.join("state")
    }

    /// Returns the folder that holds the events of bottles that are gone.
    #[must_use]
    pub fn events_root(&self) -> PathBuf {
        self.bottle_home.join("audit")
    }

    /// Returns the folder of the sidecar's static programs.
    #[must_use]
    pub fn sidecar_folder(&self) -> Option<&Path> {
        let complete = |folder: &&PathBuf| {
            folder.join("bottle-sidecar").is_file() && folder.join("bottle-relay").is_file()
        };
        self.sidecar_folders.iter().find(complete).map(PathBuf::as_path)
    }
}

/// Returns when a process was started, in clock ticks since boot, or none when there is no such process.
///
/// The number is field 22 of `/proc/<pid>/stat` (proc_pid_stat(5)).
#[must_use]
pub fn process_started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name, which may hold anything, closing parentheses included.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    // One that has ended stays until its parent collects it, which may be never.
    let state = fields.next().filter(|state| !matches!(*state, "Z" | "X"));
    state.and_then(|_| fields.nth(18)?.parse().ok())
}

/// Returns the engine's socket: the one that the environment names, else the usual one.
pub(crate) fn docker_socket(host: &Host) -> PathBuf {
    let usual = || PathBuf::from("/var/run/docker.sock");
    host.docker_socket.clone().unwrap_or_else(usual)
}

/// Returns what backends need to tell this host's objects from others'.
pub(crate) fn backend_host(host: &Host) -> bottle_backend::Host {
    let xdg = host.variables.get("XDG_CONFIG_HOME");
    let xdg = xdg.map(|folder| PathBuf::from(folder.expose()));
    let Process {
        machine, boot, uid, ..
    } = host.process.clone();
    bottle_backend::Host {
        machine,
        uid,
        boot,
        home: home_label(&host.bottle_home),
        ignore_files: git_settings::ignore_files(&host.home, xdg.as_deref()),
        process_started,
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    use super::*;

    #[test]
    fn a_process_that_ended_and_was_not_collected_is_gone() {
        assert!(process_started(std::process::id()).is_some());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let only_look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), only_look).unwrap();
        assert_eq!(process_started(child.id()), None);
        child.wait().unwrap();
    }
}
