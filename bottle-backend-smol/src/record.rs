//! What is written down about a guest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bottle_host::{Guest, Mounted};
use bottle_plan::paths::GuestPath;
use serde::{Deserialize, Serialize};

/// What a guest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuestRecord {
    /// Its machine, as smolvm names it.
    pub(crate) machine: String,
    /// The archive that the machine was made from.
    pub(crate) image: PathBuf,
    /// The user and group of its agent.
    pub(crate) agent: (u32, u32),
    /// The most processes and threads of its agent.
    pub(crate) processes: u64,
    /// Variables of every command.
    pub(crate) env: BTreeMap<String, String>,
    /// Where its agent works.
    pub(crate) workspace: GuestPath,
    /// What was copied into the workspace, in one number.
    pub(crate) digest: Option<String>,
}

impl Guest for GuestRecord {
    fn mounted(&self) -> Option<&Mounted> {
        None
    }
}
