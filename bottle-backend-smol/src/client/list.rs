//! What exists, as smolvm lists it. What is not used is not read, so that newer versions may say more.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: MachineState,
    /// What it was labelled with.
    pub labels: BTreeMap<String, String>,
    /// Whether it reaches a network; none of ours may.
    pub network: bool,
    /// The process that runs it, while it runs.
    pub pid: Option<u32>,
    /// How its last run ended, if that is known.
    pub last_exit: Option<LastExit>,
}

/// How a machine is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MachineState {
    /// It was never started, or its start failed.
    Created,
    /// It runs.
    Running,
    /// It was stopped.
    Stopped,
    /// Anything else. Nothing is expected of it.
    #[serde(untagged)]
    Other(String),
}

/// How a machine's last run ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LastExit {
    /// In one word.
    pub cause: String,
    /// The status of the process that ran it.
    pub exit_code: Option<i32>,
}
