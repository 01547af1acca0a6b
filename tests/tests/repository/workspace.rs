//! The workspace as cargo and the file system show it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Only dependencies within the workspace have one.
    pub(crate) path: Option<PathBuf>,
    /// None is the ordinary kind; the others are `dev` and `build`.
    pub(crate) kind: Option<String>,
}

pub(crate) fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the tests lie in no folder")
}

pub(crate) fn load() -> Result<Workspace> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root()?);
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

impl Package {
    pub(crate) fn folder(&self) -> Result<&Path> {
        self.manifest_path.parent().context("a manifest in no folder")
    }
}

/// All text files of the repository but the lock file, which no person writes.
pub(crate) fn text_files() -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    let mut folders = vec![root()?.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (kind, path, name) = (entry.file_type()?, entry.path(), entry.file_name());
            if kind.is_dir()
                && ![".git", "target", "node_modules"]
                    .iter()
                    .any(|skipped| name == *skipped)
            {
                folders.push(path);
            } else if kind.is_file() && name != "Cargo.lock" {
                files.extend(String::from_utf8(fs::read(&path)?).ok().map(|text| (path, text)));
            }
        }
    }
    Ok(files)
}

/// Fails with all findings at once.
#[track_caller]
pub(crate) fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n{}", findings.join("\n"));
}
