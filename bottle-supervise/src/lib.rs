//! What an agent may ask for, the queue of its questions, and the server that it asks through.
//!
//! - [`lower`] turns an agent's words into a typed proposal, or says what is wrong with them.
//! - [`check()`] is the one function that says what a proposal would make of the live table. It can add exact hosts without
//!   a credential and take such hosts away, and nothing else.
//! - [`check_push`] says whether a human can be asked about a push that the git gate holds back.
//! - [`Queue`] holds the questions of one bottle and decides nothing by itself: silence means no.
//! - [`explain`] says what would have allowed a refusal.
//! - `server` (feature `server`) speaks MCP over streamable HTTP, and passes on what it hears.
//!
//! This crate knows no terminal, no control socket and no clock: time is passed in, in milliseconds since 1970.
//!
//! ```
//! use bottle_plan::egress::EgressPlan;
//! use bottle_supervise::{check, lower};
//!
//! let change = lower::egress(&lower::EgressRequest {
//!     host: "API.example.com".to_owned(),
//!     ..Default::default()
//! })?;
//! let table = check(&change, &EgressPlan::default())?;
//! assert_eq!(table.routes[0].host.to_string(), "api.example.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod check;
mod check_push;
pub mod explain;
pub mod limits;
pub mod lower;
mod queue;
#[cfg(feature = "server")]
pub mod server;
mod table;
#[cfg(feature = "testing")]
pub mod testing;

pub use check::{ChangeError, check};
pub use check_push::{PushError, check_push};
pub use queue::{AnswerError, Next, Put, Queue, Saved};
pub use table::{compose, live_routes};
