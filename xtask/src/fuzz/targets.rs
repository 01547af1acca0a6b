//! What there is to fuzz: the crates named `fuzz` inside other crates.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One fuzz target.
#[derive(Debug)]
pub(super) struct Target {
    /// The crate that it tests.
    pub(super) package: String,
    pub(super) name: String,
    /// The fuzz crate.
    pub(super) folder: PathBuf,
}

/// Finds all targets, sorted by crate and name.
pub(super) fn all(root: &Path) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for parent in [root.to_owned(), root.join("contrib")] {
        for package in entries(&parent)? {
            let folder = package.join("fuzz");
            if folder.join("Cargo.toml").is_file() {
                targets.extend(of(&package, &folder)?);
            }
        }
    }
    Ok(targets)
}

fn of(package: &Path, folder: &Path) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for file in entries(&folder.join("fuzz_targets"))? {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        // What they share lies beside them.
        if text.contains("fuzz_target!") {
            targets.push(Target {
                package: name(package),
                name: name(&file.with_extension("")),
                folder: folder.to_owned(),
            });
        }
    }
    Ok(targets)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl Target {
    pub(super) fn label(&self) -> String {
        format!("{}/{}", self.package, self.name)
    }

    pub(super) fn is_asked_for(&self, only: &[String]) -> bool {
        only.is_empty()
            || only
                .iter()
                .any(|one| *one == self.package || *one == self.label())
    }

    /// Inputs that are kept with the source, to begin with.
    pub(super) fn seeds(&self) -> PathBuf {
        self.folder.join("seeds").join(&self.name)
    }

    pub(super) fn summary(&self) -> String {
        match entries(&self.seeds()).map_or(0, |seeds| seeds.len()) {
            0 => format!("{:32} MISSING: no seeds", self.label()),
            count => format!("{:32} {count} seeds", self.label()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_file_that_declares_one() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("some-crate/fuzz/fuzz_targets");
        fs::create_dir_all(&folder).expect("a folder");
        fs::create_dir_all(root.path().join("contrib")).expect("a folder");
        fs::write(folder.join("../Cargo.toml"), "").expect("a file");
        fs::write(folder.join("common.rs"), "fn shared() {}").expect("a file");
        fs::write(folder.join("parse.rs"), "fuzz_target!(|_| ());").expect("a file");
        let targets = all(root.path()).expect("a tree that can be read");
        let labels: Vec<_> = targets.iter().map(Target::label).collect();
        assert_eq!(labels, ["some-crate/parse"]);
        assert!(targets[0].summary().contains("MISSING"));
        assert!(targets[0].is_asked_for(&["some-crate".to_owned()]));
        assert!(!targets[0].is_asked_for(&["some-crate/other".to_owned()]));
    }
}
