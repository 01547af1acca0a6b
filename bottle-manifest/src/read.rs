//! Files to drafts: the lowering of every key.

mod agent;
mod bottle;
mod env;
mod files;
mod git_gate;
mod git_url;
mod provider;
mod repo;
mod resources;

pub(crate) use agent::{read_agent, read_repository_agent};
pub(crate) use bottle::{BottleFile, read_bottle};
pub(crate) use files::refuse_name;
pub use git_gate::read_repositories;

#[cfg(test)]
mod tests;
