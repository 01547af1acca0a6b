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

/// Tells whether a path of a workspace changes without anything being done in it: the index, which `git status`
/// writes anew.
#[must_use]
pub fn is_volatile(path: &Path) -> bool {
    path == Path::new(".git/index") || path == Path::new(".git/index.lock")
}
