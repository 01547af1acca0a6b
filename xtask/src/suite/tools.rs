//! Programs of the suite that do not come with Rust.

use anyhow::Result;

use crate::machine::Machine;
use crate::process;

/// A cargo subcommand that is installed, at a fixed version, where the machine has none.
#[derive(Debug)]
pub(crate) struct Tool {
    subcommand: &'static str,
    package: &'static str,
}

pub(super) const NEXTEST: Tool = Tool {
    subcommand: "nextest",
    package: "cargo-nextest@0.9.143",
};
pub(super) const DENY: Tool = Tool {
    subcommand: "deny",
    package: "cargo-deny@0.20.2",
};
pub(crate) const FUZZ: Tool = Tool {
    subcommand: "fuzz",
    package: "cargo-fuzz@0.13.2",
};

impl Tool {
    pub(crate) fn ensure(&self, machine: &Machine) -> Result<()> {
        if process::succeeds(machine.cargo().args([self.subcommand, "--version"])) {
            return Ok(());
        }
        eprintln!(
            "{} is missing; installing it into {}",
            self.package,
            machine.tools.display()
        );
        let mut cargo = machine.cargo();
        // A debug build is there in a fraction of the time and quick enough for what it does here.
        cargo
            .args(["install", "--locked", "--debug", self.package, "--root"])
            .arg(&machine.tools);
        process::run(&mut cargo)
    }
}
