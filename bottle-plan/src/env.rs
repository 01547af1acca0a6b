//! The guest's environment, with values that are secret only by reference.

use serde::{Deserialize, Serialize};

use crate::names::EnvName;

/// Where the value of one of the guest's variables comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum EnvValue {
    /// The text itself.
    Literal(String),
    /// The value of a host variable. It does enter the guest: its owner wanted that.
    HostVariable(EnvName),
    /// What the user types when the bottle starts; never echoed.
    Answer {
        /// The question, when the user wrote one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
    },
}
