//! The real agents' programs, in the versions that our images have, where tests without an engine find them.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::machine::Machine;
use crate::process;

/// The Dockerfiles that say which versions those are, and the packages.
const AGENTS: [(&str, &str); 2] = [
    ("claude", "@anthropic-ai/claude-code@"),
    ("codex", "@openai/codex@"),
];

/// Installs what is missing, outside of the checkout.
pub(super) fn ensure(machine: &Machine) -> Result<()> {
    let wanted = AGENTS
        .iter()
        .map(|(name, package)| version(machine, name, package))
        .collect::<Result<Vec<_>>>()?;
    let folder = machine.tools.join("agents");
    let done = folder.join("installed");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted.join("\n")) {
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
        "--prefix",
    ]);
    process::run(install.arg(&folder).args(&wanted))?;
    Ok(fs::write(done, wanted.join("\n"))?)
}

/// Finds the version that the image of an agent has.
fn version(machine: &Machine, name: &str, package: &str) -> Result<String> {
    let file = machine.root.join("contrib").join(name).join("Dockerfile");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let found = text.split_whitespace().find(|word| word.starts_with(package));
    Ok(found
        .with_context(|| format!("{} installs no {package}", file.display()))?
        .to_owned())
}
