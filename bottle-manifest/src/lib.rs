//! From the user's files to a manifest and the inputs of a plan, with every mistake reported at once.
//!
//! The one place that knows the layout of `~/.bot-bottle`: Markdown files whose frontmatter says what a bottle is
//! and who an agent is. It reads those files and nothing else: folders are passed in, variables are named and not
//! read, and it knows no provider, no backend and no terminal. What a cloned repository ships is hostile text.
//!
//! ```
//! use bottle_manifest::{Folders, ManifestRequest};
//!
//! let home = tempfile::tempdir()?;
//! std::fs::create_dir_all(home.path().join("bottles"))?;
//! std::fs::create_dir_all(home.path().join("agents"))?;
//! std::fs::write(home.path().join("bottles/dev.md"), "---\nenv: {EDITOR: vi}\n---\n")?;
//! std::fs::write(home.path().join("agents/helper.md"), "---\nbottle: dev\n---\nFix what is broken.\n")?;
//!
//! let folders = Folders { bottle_home: home.path().into(), user_home: home.path().into(), working: None };
//! let request = ManifestRequest { agent: "helper".parse()?, bottles: Vec::new() };
//! let manifest = folders.load(&request)?;
//! assert_eq!(manifest.inputs.prompt, "Fix what is broken.");
//! assert_eq!(manifest.inputs.env.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod catalog;
mod chain;
mod dockerfile;
mod draft;
mod examine;
mod folders;
mod load;
mod manifest;
mod merge;
mod origin;
mod read;
mod skills;
mod trust;

pub use catalog::{AgentListing, BottleListing, Catalog};
pub use dockerfile::{DockerfileError, check_dockerfile};
pub use examine::{ExaminedAgent, ExaminedBottle};
pub use folders::Folders;
pub use load::{LoadError, ManifestRequest};
pub use manifest::{GitUserOrigin, Manifest, SetByFile};
pub use origin::{Origin, SetBy};
pub use read::read_repositories;
pub use trust::{AgentOrigin, TrustError};

#[cfg(test)]
mod tests;
