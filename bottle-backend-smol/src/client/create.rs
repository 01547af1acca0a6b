//! What a machine is made from, as arguments.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// A machine to make. It has no network, whatever else it has: nothing here can give it one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMachine {
    /// Its name.
    pub name: String,
    /// The file or folder that it is made from: a name would be asked of a registry, so there are only paths.
    pub image: PathBuf,
    /// The most processors.
    pub cpus: Option<u32>,
    /// The most memory, in MiB.
    pub memory: Option<u64>,
    /// What it is labelled with.
    pub labels: BTreeMap<String, String>,
    /// Sockets of the host's, and where the guest finds them.
    pub sockets: Vec<(PathBuf, String)>,
    /// Folders of the host's.
    pub mounts: Vec<Mount>,
    /// The user and group of the workload.
    pub user: (u32, u32),
    /// The program that runs as long as the machine does, and its arguments.
    pub workload: Vec<String>,
}

/// A folder of the host's that the guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The host's folder.
    pub host: PathBuf,
    /// Where the guest finds it.
    pub guest: String,
    /// Whether the guest may write there.
    pub writable: bool,
}

impl NewMachine {
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut add = |option: &str, value: OsString| words.extend([option.into(), value]);
        add("--name", self.name.clone().into());
        add("--image", path(self.image.clone()));
        if let Some(cpus) = self.cpus {
            add("--cpus", cpus.to_string().into());
        }
        if let Some(memory) = self.memory {
            add("--mem", memory.to_string().into());
        }
        for (name, value) in &self.labels {
            add("--label", format!("{name}={value}").into());
        }
        for (host, guest) in &self.sockets {
            add("--mount-socket", joined(host.clone(), guest, ""));
        }
        for mount in &self.mounts {
            let mode = if mount.writable { "" } else { ":ro" };
            add("--volume", joined(mount.host.clone(), &mount.guest, mode));
        }
        add("--user", format!("{}:{}", self.user.0, self.user.1).into());
        words.push("--".into());
        words.extend(self.workload.iter().map(OsString::from));
        words
    }
}

/// Returns a path as no registry has one: with a slash.
fn path(path: PathBuf) -> OsString {
    match path.is_absolute() {
        true => path.into(),
        false => PathBuf::from("./").join(path).into(),
    }
}

fn joined(host: PathBuf, guest: &str, mode: &str) -> OsString {
    let mut text = OsString::from(host);
    text.push(":");
    text.push(guest);
    text.push(mode);
    text
}
