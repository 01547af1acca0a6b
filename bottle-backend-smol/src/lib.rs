//! Bottles in microVMs: each has a kernel of its own, started by the installed `smolvm`.
//!
//! A machine has no network: the doors are served on the host, and each is a socket that is mounted into the guest. That
//! program is called in one way only ([`Smolvm`]): without a shell, with nothing of the caller's environment, within
//! bounds, and with no secret among its arguments. Where the archive of an image comes from, whoever embeds this says
//! ([`Images`]).
//!
//! ```
//! use bottle_backend_smol::{Code, NewMachine, RefusedCall};
//!
//! let said = r#"{"error":{"code":"NOT_FOUND","message":"vm not found: one"}}"#;
//! assert_eq!(RefusedCall::read(said).map(|refused| refused.code), Some(Code::NotFound));
//! ```

mod availability;
mod backend;
mod bottle;
mod cleanup;
mod client;
mod exec;
mod guest;
mod images;
mod launch;
mod list;
mod machine;
mod record;

pub use availability::availability;
pub use backend::{SmolBackend, SmolConfig};
pub use client::{
    CallError, Code, Exec, LastExit, Machine, MachineState, Mount, NewMachine, RefusedCall, Smolvm, Version,
};
pub use images::Images;
pub use machine::{MachineInputs, machine_name};
