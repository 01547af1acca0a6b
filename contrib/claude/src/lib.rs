//! The built-in provider for Claude Code: what it needs, as measured on version 2.1.330.
//!
//! The guest gets a placeholder of the same kind as the real credential, because the program sends other headers for
//! a login token than for an API key. The real one is added outside, on the few requests that the program needs.
//! This crate knows no backend and never sees a credential.
//!
//! ```
//! use bottle_contrib_claude::Claude;
//! use bottle_provider::AgentProvider;
//!
//! assert_eq!(Claude.headless_prompt("-v is a prompt too"), ["-p", "--", "-v is a prompt too"]);
//! ```
#![forbid(unsafe_code)]

mod claude;
mod credential;
mod files;
mod route;

pub use claude::Claude;
