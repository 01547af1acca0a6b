//! Bottles in microVMs: each has a kernel of its own, started by the installed `smolvm`.
//!
//! What is here so far: [`Smolvm`], the one way in which that program is called, without a shell, with nothing of the
//! caller's environment, within bounds, and with no secret among its arguments; [`availability()`], which says what a
//! system lacks; and [`MachineInputs`], which makes a machine of a plan. It is not a backend yet.
//!
//! ```
//! use bottle_backend_smol::{Code, NewMachine, RefusedCall};
//!
//! let said = r#"{"error":{"code":"NOT_FOUND","message":"vm not found: one"}}"#;
//! assert_eq!(RefusedCall::read(said).map(|refused| refused.code), Some(Code::NotFound));
//! ```

mod availability;
mod client;
mod machine;

pub use availability::availability;
pub use client::{
    CallError, Code, Exec, LastExit, Machine, MachineState, Mount, NewMachine, RefusedCall, Smolvm, Version,
};
pub use machine::{MachineInputs, machine_name};
