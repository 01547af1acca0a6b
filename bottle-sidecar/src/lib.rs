//! The trusted side of the doors, and the untrusted plumbing that leads to them.
//!
//! - [`init`] is the first process of a sidecar: it reads the boot frame, starts each door as a process of its own with
//!   only the secrets that it needs, starts it again when it crashes, and keeps the event log.
//! - [`door`] is such a process.
//! - [`ctl`] carries questions to a running sidecar and answers back, so that an engine can be in between.
//! - [`standalone`] is the egress proxy without a bottle.
//! - [`standalone_git`] is the git gate without a bottle.
//! - [`scan`] looks for secrets in files.
//! - [`relay`] runs inside a guest: it connects loopback ports to door sockets, checks that the guest has no other
//!   network, and runs the agent's programs. It holds no secret and decides nothing.
//!
//! This crate knows no provider and no backend; who runs it, and where, is not its business. Of the user's files it reads
//! only what it is given for standing alone.
//!
//! ```
//! use bottle_sidecar::relay::{RelayCommand, parse};
//!
//! let words = ["9099=/doors/egress.sock", "9420=/doors/git-gate.sock"].map(Into::into);
//! assert!(matches!(parse(words)?, RelayCommand::Serve { pairs, .. } if pairs.len() == 2));
//! # Ok::<(), bottle_sidecar::relay::UsageError>(())
//! ```

mod chain;
mod clock;
mod confine;
pub mod ctl;
pub mod door;
pub mod init;
mod kernel;
pub mod limits;
mod log;
mod reap;
pub mod relay;
pub mod scan;
mod serving;
mod socket;
pub mod standalone;
pub mod standalone_git;

pub use chain::chain;
