//! The built-in provider for Codex: what it needs, as measured on version 0.169.0.
//!
//! It runs with an API key, or with the ChatGPT login of the host. The guest gets files of the same shape with
//! placeholders in them; the real credential is added outside, on the few requests that the program needs. This
//! crate knows no backend; it reads the host's login file and keeps nothing of it but what it is asked for.
//!
//! ```
//! use bottle_contrib_codex::Codex;
//! use bottle_provider::AgentProvider;
//!
//! assert_eq!(Codex.headless_prompt("-v is a prompt too"), ["exec", "--", "-v is a prompt too"]);
//! ```
#![forbid(unsafe_code)]

mod codex;
mod credential;
mod files;
mod host_login;
mod placeholder;
mod route;

pub use codex::Codex;
