//! Runs a bottle as two Docker containers, over the engine's own interface.
//!
//! The guest's container has no network and its main process is the relay; the sidecar's container serves the
//! doors and gets its secrets over its standard input. Both are made from values that pure functions return, so
//! that what an engine is asked for can be read in snapshots. This crate knows no provider, no manifest and no
//! `docker` command.
//!
//! ```
//! use bottle_backend::{Availability, Backend, Host};
//! use bottle_backend_docker::DockerBackend;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let host = Host { machine: "m".into(), uid: 1000, boot: "b".into(), home: "h".into(), ignore_files: Vec::new(), process_started: |_| None };
//! let backend = DockerBackend::new("/nowhere/docker.sock".into(), host);
//! assert!(matches!(backend.availability().await, Availability::Unusable { .. }));
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod availability;
mod backend;
mod boot;
mod bottle;
mod check;
mod cleanup;
mod control;
mod copy;
mod engine;
mod exec;
mod guest_exec;
mod halt;
mod image;
mod labels;
mod launch;
mod list;
mod names;
mod objects;
mod quota;
mod remove;
mod spec;
mod starts;
mod wake;
mod watch;
mod workspace;

pub use backend::DockerBackend;

use engine::refused;
