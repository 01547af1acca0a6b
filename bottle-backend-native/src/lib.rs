//! Runs a bottle in Linux namespaces, without a daemon.
//!
//! The guest sees the host's programs and libraries and nothing else of it; its own files lie in an owner-only folder
//! that is passed in, one for each bottle, with all that has to be known to take the bottle up again. The doors run on
//! the host. This crate knows no provider, no manifest and no environment.
//!
//! ```
//! use bottle_backend::{Backend, Host};
//! use bottle_backend_native::{NativeBackend, NativeConfig};
//!
//! let backend = NativeBackend::new(NativeConfig {
//!     folder: "/home/me/.bot-bottle/native".into(),
//!     host: Host {
//!         machine: "m".into(),
//!         uid: 1000,
//!         boot: "b".into(),
//!         home: "h".into(),
//!         ignore_files: Vec::new(),
//!         process_started: |_| None,
//!     },
//!     search: vec!["/usr/bin".into()],
//!     binaries: None,
//! });
//! assert_eq!(backend.facts().name.as_str(), "native");
//! ```

mod availability;
mod backend;
mod bottle;
mod check;
mod cleanup;
mod exec;
mod guest;
mod image;
mod launch;
mod list;
mod mounted;
mod program;
mod record;
mod tree;
mod wake;

pub use backend::{NativeBackend, NativeConfig};
