//! What of a host's folder is copied into a guest: the user's files, without what version control ignores and
//! without anybody's credentials. Backends share it, and differ only in how the tar gets in.

mod choose;
mod git_config;
mod git_folder;
mod ignores;
mod select;
#[cfg(test)]
mod tests;
mod walk;

pub use choose::{choose, choose_repository, root};
pub use git_config::excludes_file;
pub use select::{Selection, select, select_ignoring, select_repository};

use std::path::Path;

/// What programs of the host's act upon in a folder without being asked: editors' settings, environments, hooks. In a
/// mounted workspace these are covered, whether they are there or not.
pub const COVERED: [&str; 6] = [
    ".bot-bottle",
    ".devcontainer",
    ".envrc",
    ".husky",
    ".idea",
    ".vscode",
];

/// The folder of a repository, of which an agent in a mounted workspace has a copy of its own.
pub const REPOSITORY: &str = ".git";

/// Tells whether a name in a mounted workspace is not the host's own.
#[must_use]
pub fn is_cover(name: &str) -> bool {
    COVERED.contains(&name) || name == REPOSITORY
}

/// Tells whether the agent has a repository of its own in a mounted workspace.
#[must_use]
pub fn has_repository(host: &Path) -> bool {
    std::fs::symlink_metadata(host.join(REPOSITORY)).is_ok_and(|meta| meta.is_dir())
}

/// Tells whether a path of a workspace changes without anything being done in it: the index, which `git status`
/// writes anew.
#[must_use]
pub fn is_volatile(path: &Path) -> bool {
    path == Path::new(".git/index") || path == Path::new(".git/index.lock")
}
