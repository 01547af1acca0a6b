//! What of the host's files the agent works on, and what the run may use.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::paths::GuestPath;
use crate::size::ByteSize;

/// How the host's folder reaches the guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum WorkspaceSource {
    /// An empty folder.
    None,
    /// A copy of the folder as it is at start.
    Copy {
        /// The host's folder.
        host: PathBuf,
        /// Patterns of ignored or flagged files that are copied all the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        include: Vec<String>,
    },
    /// The folder itself; what the agent writes is written on the host.
    Mount {
        /// The host's folder.
        host: PathBuf,
    },
}

/// The agent's working folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspacePlan {
    /// Where it lies in the guest.
    pub guest: GuestPath,
    /// Where its contents come from.
    pub source: WorkspaceSource,
}

/// What the guest may use. A missing field leaves the choice to the backend's documented default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// Processor cores, in thousandths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub millicpus: Option<u32>,
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// Processes and threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
    /// Writable disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<ByteSize>,
}

impl Resources {
    /// Fills what is missing from another set.
    #[must_use]
    pub fn or(self, fallback: &Self) -> Self {
        Self {
            millicpus: self.millicpus.or(fallback.millicpus),
            memory: self.memory.or(fallback.memory),
            pids: self.pids.or(fallback.pids),
            disk: self.disk.or(fallback.disk),
        }
    }
}
