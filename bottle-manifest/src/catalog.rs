//! What exists, by file name alone.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bottle_document::{Diagnostic, Diagnostics, quoted};
use bottle_plan::names::Name;

use crate::folders::{DOT_FOLDER, Folders};

/// The most files of one folder that are looked at.
const MAX_FILES: usize = 10_000;

/// The agents and bottles that exist. No file was opened for it, so a broken one is listed like any other.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Agents by name; one that a repository ships under a name of the user's own stands beside it.
    pub agents: Vec<AgentListing>,
    /// Bottles by name.
    pub bottles: Vec<BottleListing>,
    /// What was skipped, and why.
    pub diagnostics: Diagnostics,
}

/// An agent's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgentListing {
    /// Its name.
    pub name: Name,
    /// Whether the repository in the working directory ships it.
    pub from_repository: bool,
    /// Its file.
    pub path: PathBuf,
}

/// A bottle's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BottleListing {
    /// Its name.
    pub name: Name,
    /// Its file.
    pub path: PathBuf,
}

impl Folders {
    /// Lists what exists.
    pub fn catalog(&self) -> Catalog {
        let mut catalog = Catalog::default();
        self.check_surroundings(&mut catalog.diagnostics);
        let mut list = |folder: &Path| names_in(folder, &mut catalog.diagnostics);
        let bottles = list(&self.bottles());
        let own = list(&self.agents());
        let shipped = self
            .repository_agents()
            .map(|folder| list(&folder))
            .unwrap_or_default();
        catalog.bottles = bottles
            .into_iter()
            .map(|(name, path)| BottleListing { name, path })
            .collect();
        let agent = |from_repository| {
            move |(name, path)| AgentListing {
                name,
                from_repository,
                path,
            }
        };
        catalog.agents = own
            .into_iter()
            .map(agent(false))
            .chain(shipped.into_iter().map(agent(true)))
            .collect();
        catalog.agents.sort();
        catalog
    }

    /// The folder of a repository's agents, unless it lies behind a link.
    fn repository_agents(&self) -> Option<PathBuf> {
        let folder = self.repository()?.join(DOT_FOLDER);
        let agents = folder.join("agents");
        let is_folder = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_dir());
        (is_folder(&folder) && is_folder(&agents)).then_some(agents)
    }
}

/// The names of the Markdown files in a folder, sorted.
pub(crate) fn names_in(folder: &Path, diagnostics: &mut Diagnostics) -> Vec<(Name, PathBuf)> {
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let message = format!("cannot list this folder: {error}");
            let unreadable = Diagnostic::warning("unreadable-folder", message);
            diagnostics.report(unreadable.in_file(folder.display().to_string()));
            None
        }
        read => read.ok(),
    };
    let entries = read.into_iter().flatten().flatten().take(MAX_FILES);
    let files = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new("md")));
    let named = |path: PathBuf| {
        let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        let name = stem.parse().map_err(|_| skipped(&path, stem));
        diagnostics.accept(name).map(|name| (name, path))
    };
    let mut names: Vec<(Name, PathBuf)> = files.filter_map(named).collect();
    names.sort();
    names
}

fn skipped(path: &Path, stem: &str) -> Diagnostic {
    Diagnostic::warning(
        "bad-file-name",
        format!("{} is not a name, so this file is skipped", quoted(stem)),
    )
    .in_file(path.display().to_string())
    .help("a name has lower-case letters, digits and `-`, and starts with a letter")
}
