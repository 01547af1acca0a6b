//! The wiring of all crates, for the `bottle` command and for programs that embed all of it.
//!
//! It knows every provider and backend, and neither clap nor a terminal: what the command line, the environment
//! and the clock say is handed in as a [`Host`] and a [`StartRequest`].
//!
//! ```
//! use bottle_cli::identity_for;
//!
//! let identity = identity_for(&"coder".parse()?, &[7; 8])?;
//! assert!(identity.as_str().starts_with("coder-"));
//! # Ok::<(), bottle_plan::names::NameError>(())
//! ```
#![forbid(unsafe_code)]

mod abandoned;
mod boot;
mod dockerfiles;
mod ended;
pub mod events;
pub mod exit;
pub mod host;
mod identity;
pub mod inbox;
mod microvm;
mod prepare;
pub mod pull;
mod running;
mod secrets;
mod settle;
pub mod state;
mod stop;
#[cfg(test)]
mod testing;
mod toolchains;
mod wiring;

pub use abandoned::{Abandoned, FindError, find_abandoned};
pub use boot::{BootError, boot_frame};
pub use dockerfiles::{Dockerfile, compare_dockerfile};
pub use ended::{EndedBottle, ended_bottles};
pub use host::{Host, Process};
pub use identity::{identity_for, machine_label};
pub use prepare::{PrepareStartError, Prepared, StartRequest, prepare_resume, prepare_start};
pub use running::{Running, StartError, start};
pub use secrets::{AskSecret, RunSecrets, SecretError, collect_secrets};
pub use settle::Settled;
pub use stop::{StopError, StopOutcome, stop};
pub use toolchains::{Toolchain, Trust};
pub use wiring::{ListedBottle, OpenError, Wiring};
