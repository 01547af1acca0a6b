//! What a backend is: a place that can run a plan, and the handle on a bottle that runs there.
//!
//! Provisioning and the command work through [`Bottle`] and [`Backend`] alone, so that a backend can change how it
//! runs things without touching them. This crate knows no container engine, no provider and no terminal.
//!
//! ```
//! use bottle_backend::ExecCommand;
//!
//! let command = ExecCommand::agent(["git", "--version"]).in_directory("/home/node/workspace".parse()?);
//! assert_eq!(command.argv, ["git", "--version"]);
//! # Ok::<(), bottle_plan::paths::GuestPathError>(())
//! ```

mod backend;
mod bottle;
mod cleanup;
#[cfg(feature = "testing")]
pub mod conformance;
pub mod environment;
mod error;
pub mod files;
mod launch;
mod owner;
pub mod prepare;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod workspace;

pub use backend::{ActiveBottle, Availability, Backend, BottleState};
pub use bottle::{Bottle, CopyOwner, ExecCommand, ExecOutput, ExecUser, PutFile};
pub use cleanup::{CleanupPlan, CleanupReport, Leftover};
pub use error::{BoxError, ControlError, CopyError, EngineError, ExecError, LaunchError};
pub use launch::{Cancel, Canceller, LaunchMaterials, Progress, Quiet, launch};
pub use owner::{Host, Owner};
pub use session::{AgentSession, ClosedAtShutdown, Io, SessionControl, TerminalSize, pass_on};
