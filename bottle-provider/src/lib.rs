//! What is known about an agent program: its image, its arguments, its files, and how they get into a bottle.
//!
//! An [`AgentProvider`] is the one place that knows an agent program. It contributes data to a plan, and
//! [`provision`] puts that data into a running guest through a [`Bottle`](bottle_backend::Bottle), in one order for
//! all of them. This crate knows no backend, no egress door and no secret value before the user's yes.
//!
//! ```
//! use bottle_provider::{Registry, RegistryError};
//!
//! let registry = Registry::default();
//! let missing = registry.get_provider(&"claude".parse()?);
//! assert!(matches!(missing, Err(RegistryError::Unknown { .. })));
//! # Ok::<(), bottle_plan::names::NameError>(())
//! ```
#![forbid(unsafe_code)]

mod command_line;
mod error;
mod gitconfig;
mod image;
mod inputs;
mod plugin;
mod provider;
mod provision;
mod quoting;
mod registry;
mod runtime;
mod settings;
#[cfg(test)]
mod testing;

pub use command_line::{CommandLineError, SessionStart, agent_argv};
pub use error::ContributionError;
pub use gitconfig::gitconfig;
pub use image::image_plan;
pub use inputs::ProviderInputs;
pub use plugin::Plugins;
pub use provider::AgentProvider;
pub use provision::{
    ProvisionError, ProvisionReport, ProvisionSources, SkillError, Step, StepError, apply_ca, apply_git,
    apply_prompt, apply_provision, apply_skills, apply_supervise_mcp, check_skill, provision, renew_trust,
};
pub use quoting::{shell_words, toml_string};
pub use registry::{Found, Origin, Registry, RegistryError};
pub use runtime::{AgentRuntime, RuntimeImage, node_user};
pub use settings::Settings;
