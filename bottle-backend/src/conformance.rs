//! The promises of every backend, one body per promise.
//!
//! A backend's tests give a [`Harness`] and name [`conformance_suite!`](crate::conformance_suite) once; each promise
//! becomes a test of its own. What a backend cannot show here is said, and never silently passed.

#![expect(missing_docs, reason = "a body's name is its promise")]
#![expect(clippy::panic, reason = "bodies are tests")]

mod bottles;
pub mod copies;
pub mod execs;
mod leaving;
pub mod lifecycle;
pub mod masks;
pub mod sessions;
pub mod starts;
mod suite;
pub mod workspaces;

pub use bottles::{Running, start, start_with};
pub use leaving::leaving_nothing;

use bottle_plan::BottlePlan;
use bottle_plan::names::Identity;
use bottle_plan::workspace::{Resources, WorkspaceSource};

use crate::{Backend, Host, LaunchMaterials};

/// What a backend's tests bring along.
pub trait Harness: Send + Sync {
    /// Returns the backend, on [`host`].
    fn backend(&self) -> &dyn Backend;

    /// Returns a plan whose guest has a POSIX shell and the usual small programs, and an agent user.
    fn plan(&self, identity: &Identity, workspace: WorkspaceSource, resources: Resources) -> BottlePlan;

    /// Returns what it takes to start it.
    fn materials(&self, identity: &Identity) -> LaunchMaterials;

    /// Tells whether the backend's guests are what this needs.
    fn has(&self, ability: Ability) -> bool;

    /// Returns the interfaces of a guest: the loopback, and what leads nowhere.
    fn interfaces(&self) -> &'static [&'static str] {
        &["lo"]
    }

    /// Tells whether guests run on an emulated host, where a byte costs hundreds of times as much: fewer bottles start at
    /// once there, and less is copied.
    fn is_slow(&self) -> bool {
        false
    }
}

/// A process id that is never alive in a harness.
pub const NO_PROCESS: u32 = 0x7fff_0000;

/// Returns the host of every harness, the one of [`sample_owner`](crate::testing::sample_owner): processes above
/// [`NO_PROCESS`] are not alive, all others are, and its user ignores `*.mine` everywhere.
#[must_use]
pub fn host() -> Host {
    Host {
        machine: "conformance".to_owned(),
        uid: 7,
        boot: "boot".to_owned(),
        home: "home".to_owned(),
        ignore_files: vec![concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance/user-ignores").into()],
        process_started: |pid| (pid < NO_PROCESS).then_some(1),
    }
}

/// What a fake cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// Commands run as root or as the agent.
    Users,
    /// Root's files are told from the agent's.
    Owners,
    /// Limits on memory and processes hold.
    Limits,
    /// A folder of the host's can be the working folder.
    Mounts,
    /// There are doors, and nothing else to connect to.
    Doors,
}
