//! The real agents' programs, in the versions that our images have, where tests without an engine find them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::npm;
use crate::machine::Machine;

/// The Dockerfiles that say which versions those are, and the packages.
const AGENTS: [(&str, &str); 2] = [
    ("claude", "@anthropic-ai/claude-code@"),
    ("codex", "@openai/codex@"),
];

/// The programs themselves, below their packages' folder; what `npm` links is a script that looks for them.
const PROGRAMS: [(&str, &str); 2] = [
    ("claude", "@anthropic-ai/claude-code/bin/claude.exe"),
    (
        "codex",
        "@openai/codex/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
    ),
];

/// Installs what is missing, and tells where the programs are which need no other one.
pub(crate) fn programs(machine: &Machine) -> Result<Vec<(&'static str, PathBuf)>> {
    ensure(machine)?;
    let modules = machine.tools.join("agents/lib/node_modules");
    Ok(PROGRAMS.map(|(name, path)| (name, modules.join(path))).into())
}

/// Installs what is missing, outside of the checkout.
pub(super) fn ensure(machine: &Machine) -> Result<()> {
    let wanted = AGENTS
        .iter()
        .map(|(name, package)| version(machine, name, package))
        .collect::<Result<Vec<_>>>()?;
    npm::ensure(machine, "agents", &wanted)
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
