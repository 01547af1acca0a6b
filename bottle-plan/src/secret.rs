//! Where a secret comes from. The value itself is never part of a plan.

use serde::{Deserialize, Serialize};

use crate::names::EnvName;

/// The origin of one secret value, read by the composition root after the user's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretSource {
    /// The value of a variable in the environment of the `bottle` command.
    HostVariable(EnvName),
    /// What the user types when asked; never echoed.
    Answer {
        /// The question shown to the user.
        question: String,
    },
    /// A value that the provider reads from the host itself, such as the token of a host login.
    Provider {
        /// What it is, for people: "access token of ~/.codex/auth.json".
        what: String,
    },
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::HostVariable(name) => write!(f, "host variable {name}"),
            Self::Answer { question } => write!(f, "answer to {question:?}"),
            Self::Provider { what } => f.write_str(what),
        }
    }
}
