//! A transparent mirror of git repositories through which nothing secret and nothing forbidden is pushed.
//!
//! A guest speaks git's smart HTTP protocol with the gate. Before it reads, the mirror is refreshed; what it pushes is
//! unpacked apart, decided, scanned as raw objects and only then sent on with a credential that the guest never sees.
//!
//! - [`decide()`](decide::decide) is the whole policy: a pure function from a push and what was found in it to a
//!   [`Permit`](decide::Permit), which forwarding takes by value.
//! - git itself stores, packs and moves objects, as a child without anybody's configuration.
//! - [`worker`] is the process that unpacks and reads what the guest sent: it has no credential and no network.
//!
//! This crate knows no manifest, no container and no terminal.
//!
//! ```
//! use bottle_git_gate::decide::{Decision, Facts, decide};
//! use bottle_git_gate::policy::Policy;
//!
//! let policy = Policy::own_branches(&"demo-0a1b2".parse()?);
//! let nothing = Facts::default();
//! assert!(matches!(decide(&policy, &nothing), Decision::Refuse(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod child;
mod ci_files;
pub mod decide;
mod gate;
mod git;
pub mod limits;
mod mirror;
mod object_id;
pub mod pkt_line;
pub mod policy;
mod push;
pub mod push_request;
mod ref_name;
mod server;
mod settings;
mod space;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod upstream;
pub mod worker;

pub use gate::Gate;
pub use object_id::ObjectId;
pub use server::{Listener, serve};
pub use settings::{Clock, MissingProgram, OpenError, Programs, Settings, SshPrograms};
