//! What every backend shares: secrets that cannot print themselves, the layout of a guest's trust store, files
//! written whole or not at all, child processes with a time limit, and text that nobody vouches for.
//!
//! This crate knows no other crate of the workspace, no format and no policy.
//!
//! ```
//! use bottle_util::{Secret, untrusted};
//!
//! let token = Secret::from("sk-real".to_owned());
//! assert_eq!(format!("{token:?}"), "Secret");
//! assert_eq!(untrusted::line("ok\u{1b}]52;c;x\u{7}"), "ok\\u{1b}]52;c;x\\u{7}");
//! ```

pub mod ca;
pub mod files;
pub mod process;
mod secret;
pub mod terminal;
pub mod untrusted;

pub use ca::{log_ca_fingerprint, select_ca_cert};
pub use secret::Secret;
