//! The public conformance suite of MCP servers.

use anyhow::Result;

use super::npm;
use crate::machine::Machine;

/// The suite, and the Node that it needs, which is newer than distributions have.
const PACKAGES: [&str; 2] = ["@modelcontextprotocol/conformance@0.1.16", "node@22"];

/// Installs it where it is missing: it takes longer than a test may.
pub(super) fn ensure(machine: &Machine) -> Result<()> {
    npm::ensure(machine, "mcp-conformance", &PACKAGES.map(str::to_owned))
}
