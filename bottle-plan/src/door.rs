//! The three ways out of a guest.

use serde::{Deserialize, Serialize};

/// A door: a Unix socket in the guest that a relay port leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// The allowlisting forward proxy.
    Egress,
    /// The scanning git mirror.
    GitGate,
    /// Where the agent asks and a human answers.
    Supervise,
}

impl Door {
    /// Every door, in the order of their ports' importance.
    pub const ALL: [Self; 3] = [Self::Egress, Self::GitGate, Self::Supervise];

    /// Returns the name that is the door's host name in the guest and the stem of its socket.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::GitGate => "git-gate",
            Self::Supervise => "supervise",
        }
    }

    /// Returns the loopback TCP port that the relay listens on in the guest.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Egress => 9099,
            Self::GitGate => 9420,
            Self::Supervise => 9100,
        }
    }
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
