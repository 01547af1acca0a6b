//! From the user's files to a manifest and the inputs of a plan, with every mistake reported at once.
//!
//! The one place that knows the layout of `~/.bot-bottle`: Markdown files whose frontmatter says what a bottle is
//! and who an agent is. It reads those files and nothing else: folders are passed in, variables are named and not
//! read, and it knows no provider, no backend and no terminal. What a cloned repository ships is hostile text.
#![forbid(unsafe_code)]

mod catalog;
mod chain;
mod dockerfile;
mod draft;
mod folders;
mod merge;
mod read;
mod skills;
mod trust;

pub use catalog::{AgentListing, BottleListing, Catalog};
pub use dockerfile::{DockerfileError, check_dockerfile};
pub use folders::Folders;
pub use trust::{AgentOrigin, TrustError};
