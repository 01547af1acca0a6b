//! What is known about an agent program: its image, its arguments, its files, and how they get into a bottle.
//!
//! This crate knows no backend, no egress door and no secret value.
#![forbid(unsafe_code)]

mod command_line;
mod gitconfig;
mod image;
mod quoting;
mod runtime;
#[cfg(test)]
mod testing;

pub use command_line::{CommandLineError, SessionStart, agent_argv};
pub use gitconfig::gitconfig;
pub use image::image_plan;
pub use quoting::{shell_words, toml_string};
pub use runtime::{AgentRuntime, RuntimeImage};
