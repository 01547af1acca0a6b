//! An agent in a bottle, from nothing, for somebody to watch.

use std::process::Command;

use anyhow::Result;

use crate::machine::Machine;
use crate::{dist, engine, process};

/// Gets what is missing, builds, and runs the demonstration.
pub(crate) fn run(machine: &Machine) -> Result<()> {
    engine::ensure(machine)?;
    dist::build(machine, &dist::Options::fast())?;
    process::run(machine.cargo().args([
        "build",
        "--locked",
        "--package",
        "bottle-cli",
        "--package",
        "bottle-tests",
        "--bin",
        "bottle",
        "--bin",
        "demo",
    ]))?;
    process::run(&mut Command::new(machine.target().join("debug/demo")))
}
