//! What a guest is made from, and what it is asked to do.

use std::path::PathBuf;

use bottle_wire::boot::WireSecret;
use serde::{Deserialize, Serialize};

/// A guest, as whoever starts it describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestSpec {
    /// The guest's name for itself.
    pub hostname: String,
    /// An owner-only folder of the host's: the lock, the keeper's process id and the command socket lie there.
    pub folder: PathBuf,
    /// Which users of the host the guest's are.
    pub users: Users,
    /// The guest's file system, in the order in which it is put together.
    pub tree: Vec<Mount>,
    /// Whom agents' commands run as.
    pub agent: User,
    /// Where agents may write, as far as the files' owners allow it.
    pub writable: Vec<String>,
    /// What the guest may use.
    pub limits: Limits,
    /// The relay beside the guest; none when nobody will ask for a door.
    pub relay: Option<Relay>,
    /// The program behind the doors; none when nobody will ask for a door.
    pub sidecar: Option<Sidecar>,
}

/// A user and a group, as the guest numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

/// Which users of the host the guest's users are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Users {
    /// All are the one who starts the guest. The guest's root and its agent share that user's files.
    Own,
    /// The first 65536 have a range of the host's to themselves. Only root can start such a guest.
    Range {
        /// The host's id of the guest's root.
        first: u32,
    },
}

impl GuestSpec {
    /// Returns the smallest guest that needs all that any guest needs of its system.
    pub(crate) fn smallest(users: Users) -> Self {
        let at = |target: &str| target.to_owned();
        Self {
            hostname: at("probe"),
            folder: PathBuf::new(),
            users,
            tree: vec![
                Mount::Bind {
                    source: "/usr".into(),
                    target: at("/usr"),
                    writable: false,
                    devices: false,
                },
                Mount::Bind {
                    source: "/dev/null".into(),
                    target: at("/dev/null"),
                    writable: true,
                    devices: true,
                },
                Mount::Memory {
                    target: at("/tmp"),
                    bytes: 1 << 20,
                    mode: 0o1777,
                },
                Mount::Terminals {
                    target: at("/dev/pts"),
                },
                Mount::Processes { target: at("/proc") },
                Mount::Seal {
                    target: at("/proc/sys"),
                },
                Mount::Cover {
                    target: at("/proc/kcore"),
                },
            ],
            agent: User { uid: 1000, gid: 1000 },
            writable: vec![at("/tmp")],
            limits: Limits {
                processes: 64,
                memory: None,
                millicpus: None,
                open_files: 64,
            },
            relay: None,
            sidecar: None,
        }
    }
}

/// How many users a guest has.
pub(crate) const USERS: u32 = 0x1_0000;
/// Above what systems give to people, services and other programs' containers.
const FIRST: u32 = 0x7000_0000;
/// How many ranges there are below 2^31.
const RANGES: u32 = 4095;

impl Users {
    /// Returns one of the ranges that no other program is known to use; none when there are fewer.
    #[must_use]
    pub fn range_of(number: u32) -> Option<Self> {
        (number < RANGES).then_some(Self::Range {
            first: FIRST + number * USERS,
        })
    }

    /// Returns the number of ranges.
    #[must_use]
    pub fn ranges() -> u32 {
        RANGES
    }

    /// Returns the host's id of a guest's user or group; the caller's own is 0 where all are the same.
    #[must_use]
    pub fn host_id(self, id: u32) -> u32 {
        match self {
            Self::Own => 0,
            Self::Range { first } => first + id,
        }
    }
}

/// One step of putting a file system together. Missing folders above a target are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mount {
    /// A file or folder of the host's, with what is mounted inside of it. Set-id bits do nothing there.
    Bind {
        /// The host's path; links in it are followed.
        source: PathBuf,
        /// The guest's path.
        target: String,
        /// Whether it can be written.
        writable: bool,
        /// Whether device files in it are devices.
        devices: bool,
    },
    /// A folder of the host's to read, as a layer of its own: what was mounted inside of it is not there, its sockets and
    /// pipes lead nowhere, and nobody hears of its files' use or waits for their locks. Set-id bits and device files do
    /// nothing.
    Layer {
        /// The host's path; links in it are followed.
        source: PathBuf,
        /// The guest's path.
        target: String,
        /// An empty folder of the host's.
        empty: PathBuf,
    },
    /// An empty file system in memory.
    Memory {
        /// The guest's path.
        target: String,
        /// The most bytes.
        bytes: u64,
        /// The permission bits of its root.
        mode: u32,
    },
    /// A link.
    Link {
        /// The guest's path.
        target: String,
        /// What it says.
        to: String,
    },
    /// A folder.
    Folder {
        /// The guest's path.
        target: String,
        /// Its permission bits.
        mode: u32,
    },
    /// An empty read-only file system over a folder, or an empty file over a file; nothing where there is nothing.
    Cover {
        /// The guest's path.
        target: String,
    },
    /// What is there already, no longer writable; nothing where there is nothing.
    Seal {
        /// The guest's path.
        target: String,
    },
    /// The processes of the guest.
    Processes {
        /// The guest's path.
        target: String,
    },
    /// The terminals of the guest.
    Terminals {
        /// The guest's path.
        target: String,
    },
}

impl Mount {
    /// Returns the guest's path.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Bind { target, .. }
            | Self::Layer { target, .. }
            | Self::Memory { target, .. }
            | Self::Link { target, .. }
            | Self::Folder { target, .. }
            | Self::Cover { target }
            | Self::Seal { target }
            | Self::Processes { target }
            | Self::Terminals { target } => target,
        }
    }
}

/// What a guest's commands may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Processes and threads of all agents' commands together.
    pub processes: u64,
    /// Bytes that one process may write to, and the guest as a whole where it has a group of processes; none leaves
    /// it to the machine.
    pub memory: Option<u64>,
    /// Processor cores in thousandths, where the guest has a group of processes; none leaves it to the machine.
    pub millicpus: Option<u32>,
    /// Open files of one process.
    pub open_files: u64,
}

/// The relay beside a guest: in its network, out of its sight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// The static program.
    pub program: PathBuf,
    /// The folder with the doors' sockets, which it sees as `/doors`.
    pub doors: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Whom it runs as, where the guest has more than one user.
    pub user: User,
}

/// The program behind the doors. It is started with two pipes that come with the description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Files and folders that it alone sees in the place of others: each, and the place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<(PathBuf, PathBuf)>,
}

/// The program behind the doors of a guest that another program runs, such as a machine monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// An owner-only folder of the host's, where the lock with the keeper's process id lies.
    pub folder: PathBuf,
    /// The program.
    pub sidecar: Sidecar,
}

/// What a guest is asked to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Run a program.
    Run(Run),
    /// Write a tar of a file or folder, which is its only entry at the top.
    Pack {
        /// The guest's path.
        path: String,
    },
    /// End every process of the guest but those that run it.
    Halt,
    /// Read a tar whose paths begin at the guest's root.
    Unpack {
        /// Who makes the files, and so who owns them.
        who: Who,
    },
}

/// A program to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Program and arguments; at least one word.
    pub argv: Vec<String>,
    /// All of its variables.
    pub env: Vec<(String, WireSecret)>,
    /// Where it runs.
    pub directory: String,
    /// Whom it runs as.
    pub who: Who,
    /// The columns and rows of the terminal that it gets; none gives it pipes.
    pub terminal: Option<(u16, u16)>,
    /// Whether it ends, with all that it started, when the caller goes away.
    pub bound: bool,
}

/// Whom something is done as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The guest's root, which has no privilege but its files.
    Root,
    /// The agent.
    Agent,
}
