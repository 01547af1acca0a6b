//! Packages of npm's, outside of the checkout.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::machine::Machine;
use crate::process;

/// Installs packages, named with their versions, into a folder of the tools, unless just these are there.
pub(super) fn ensure(machine: &Machine, name: &str, packages: &[String]) -> Result<()> {
    let folder = machine.tools.join(name);
    let (done, wanted) = (folder.join("installed"), packages.join("\n"));
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let npm = machine
        .find_program("npm")
        .context("there is no npm on the search path")?;
    fs::create_dir_all(&folder)?;
    let mut install = Command::new(npm);
    install.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--loglevel=error",
        "--prefix",
    ]);
    process::run(install.arg(&folder).args(packages))?;
    Ok(fs::write(done, wanted)?)
}
