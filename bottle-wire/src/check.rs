//! What a guest's self-check found before the agent ran.

use serde::{Deserialize, Serialize};

/// The result of a self-check: one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfCheck {
    /// Whether every finding is as it must be.
    pub ok: bool,
    /// One finding per check, in the order they were made.
    pub findings: Vec<Finding>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was found, for people; partly the guest's own words.
    pub found: String,
}

/// What a self-check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// No interface but `lo` and those allowed by name.
    Interfaces,
    /// No route but loopback's own.
    Routes,
    /// No IPv6 address but `::1`.
    Ipv6Addresses,
    /// An address outside is unreachable, at once.
    Unreachable,
    /// No socket of a family that ignores network namespaces or loads kernel modules.
    SocketFamilies,
    /// No raw socket.
    RawSockets,
    /// No `io_uring`, whose operations pass by system call filters.
    IoUring,
    /// No 32-bit system calls, which pass by filters for 64-bit ones.
    ForeignAbi,
    /// A name outside does not resolve.
    Names,
    /// Each door answers at its port and at its socket.
    Doors,
}

impl SelfCheck {
    /// Sums up findings.
    #[must_use]
    pub fn new(findings: Vec<Finding>) -> Self {
        Self {
            ok: !findings.is_empty() && findings.iter().all(|finding| finding.ok),
            findings,
        }
    }

    /// Returns what is not as it must be.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.ok)
    }
}
