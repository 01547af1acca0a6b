//! Files to drafts: the lowering of every key.

mod files;
mod git_gate;
mod git_url;
mod repo;
