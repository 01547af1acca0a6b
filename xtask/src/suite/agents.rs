//! The real agents' programs, in the versions that our images have, where tests without an engine find them.

use std::fs;

use anyhow::{Context, Result};

use super::npm;
use crate::machine::Machine;

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
