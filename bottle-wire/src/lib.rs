//! What the command, the sidecar and the doors say to each other.
//!
//! Messages are [frames](frame): a version, a length and JSON. An unknown version, message or field is refused.
//! [`boot::Boot`] is the only message that carries secrets; it exists on a pipe and in memory, never on disk.
//! This crate does not know how a door decides, nor what a container is.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! use bottle_wire::control::ControlRequest;
//! use bottle_wire::frame;
//!
//! let mut pipe = Vec::new();
//! frame::write(&mut pipe, &ControlRequest::Status).await?;
//! let read: ControlRequest = frame::read(&mut pipe.as_slice()).await?;
//! assert!(matches!(read, ControlRequest::Status));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod boot;
pub mod chain;
pub mod check;
pub mod control;
pub mod door;
pub mod event;
pub mod frame;
pub mod git_gate;
pub mod supervise;
