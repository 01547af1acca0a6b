//! Where the user's files lie.

use std::fs;
use std::path::{Path, PathBuf};

use bottle_document::{Diagnostic, Diagnostics, PathBase};
use bottle_plan::names::Name;

/// The folders that a manifest is read from, as the program that runs found them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// `~/.bot-bottle`, or what replaces it; absolute.
    pub bottle_home: PathBuf,
    /// The user's home, for `~/` in paths and for skills; absolute.
    pub user_home: PathBuf,
    /// The working directory, whose repository may ship agents; absolute.
    pub working: Option<PathBuf>,
}

/// The folder that holds our files, below a home or a repository.
pub(crate) const DOT_FOLDER: &str = ".bot-bottle";

/// The file that older versions kept everything in.
const OLD_FILE: &str = "bot-bottle.json";

impl Folders {
    pub(crate) fn bottles(&self) -> PathBuf {
        self.bottle_home.join("bottles")
    }

    pub(crate) fn agents(&self) -> PathBuf {
        self.bottle_home.join("agents")
    }

    pub(crate) fn skills(&self) -> PathBuf {
        self.user_home.join(".claude/skills")
    }

    pub(crate) fn bottle_file(&self, name: &Name) -> PathBuf {
        self.bottles().join(file_name(name))
    }

    pub(crate) fn agent_file(&self, name: &Name) -> PathBuf {
        self.agents().join(file_name(name))
    }

    /// Where the paths in a bottle's file start.
    pub(crate) fn paths_of_bottles(&self) -> PathBase {
        PathBase {
            folder: self.bottles(),
            home: self.user_home.clone(),
        }
    }

    /// The working directory, if something in it is a repository's and not the user's own: whoever works in their
    /// home has the same `.bot-bottle` twice.
    pub(crate) fn repository(&self) -> Option<&Path> {
        let working = self.working.as_deref()?;
        let folder = working.join(DOT_FOLDER);
        let own = fs::canonicalize(&self.bottle_home).unwrap_or_else(|_| self.bottle_home.clone());
        let found = fs::canonicalize(&folder).ok()?;
        (found != own).then_some(working)
    }

    /// Says what lies around and is not read.
    pub(crate) fn check_surroundings(&self, diagnostics: &mut Diagnostics) {
        if let Some(repository) = self.repository() {
            let bottles = repository.join(DOT_FOLDER).join("bottles");
            if bottles.symlink_metadata().is_ok() {
                diagnostics.report(ignored_bottles(&bottles, &self.bottles()));
            }
        }
        let has_home = self.bottle_home.exists();
        if !has_home {
            self.check_old_file(&self.user_home, diagnostics, Diagnostic::error);
        }
        if let Some(working) = self
            .working
            .as_deref()
            .filter(|working| *working != self.user_home)
        {
            // A repository must not be able to stop its users, so once there is a home this is a remark.
            let severity = if has_home {
                Diagnostic::warning
            } else {
                Diagnostic::error
            };
            self.check_old_file(working, diagnostics, severity);
        }
    }

    fn check_old_file(
        &self,
        folder: &Path,
        diagnostics: &mut Diagnostics,
        severity: fn(&'static str, &'static str) -> Diagnostic,
    ) {
        let old = folder.join(OLD_FILE);
        if old.exists() && !folder.join(DOT_FOLDER).exists() {
            let home = self.bottle_home.display();
            diagnostics.report(
                severity("old-file", "this is the format of an older version and is not read")
                    .in_file(old.display().to_string())
                    .help(format!("write each of its bottles to {home}/bottles/<name>.md and each agent to {home}/agents/<name>.md"))
                    .help("`bottle init` writes a first bottle and agent to start from; then remove the old file"),
            );
        }
    }
}

fn file_name(name: &Name) -> String {
    format!("{name}.md")
}

fn ignored_bottles(found: &Path, home: &Path) -> Diagnostic {
    Diagnostic::warning(
        "ignored-bottles",
        "bottles that a repository ships are never read",
    )
    .in_file(found.display().to_string())
    .help(format!(
        "bottles decide where credentials go, so they live only in {}",
        home.display()
    ))
}
