//! What is written down about a guest.

use std::collections::BTreeMap;

use bottle_guest::GuestSpec;
use bottle_host::{Guest, Mounted};
use bottle_plan::paths::GuestPath;
use serde::{Deserialize, Serialize};

/// What a guest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuestRecord {
    /// How its keeper was told to start it.
    pub(crate) spec: GuestSpec,
    /// Variables of every command.
    pub(crate) env: BTreeMap<String, String>,
    /// Where its agent works.
    pub(crate) workspace: GuestPath,
    /// The host's folder, when that is where it works.
    pub(crate) mounted: Option<Mounted>,
    /// What was copied into the workspace, in one number.
    pub(crate) digest: Option<String>,
}

impl Guest for GuestRecord {
    fn mounted(&self) -> Option<&Mounted> {
        self.mounted.as_ref()
    }
}
