//! What the objects of one bottle are called.

use bottle_plan::names::Identity;

/// The names of one bottle's containers and volumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) sidecar: String,
    /// The agent's container once its bottle is ready.
    pub(crate) agent: String,
    /// The agent's container until then: a start that dies leaves this name behind.
    pub(crate) starting: String,
    pub(crate) doors: String,
    pub(crate) events: String,
    /// The git gate's mirrors.
    pub(crate) mirrors: String,
    pub(crate) workspace: String,
    /// The agent's own copy of a mounted workspace's repository.
    pub(crate) repository: String,
}

impl Names {
    pub(crate) fn of(identity: &Identity) -> Self {
        let name = |part: &str| format!("bottle-{identity}-{part}");
        Self {
            sidecar: name("sidecar"),
            agent: name("agent"),
            starting: name("starting"),
            doors: name("doors"),
            events: name("events"),
            mirrors: name("mirrors"),
            workspace: name("workspace"),
            repository: name("git"),
        }
    }
}
