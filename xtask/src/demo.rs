//! An agent in a bottle, from nothing, for somebody to watch.

use std::process::Command;

use anyhow::Result;

use crate::machine::Machine;
use crate::{dist, engine, process};

/// Builds, and runs the demonstration: on the engine that is there, and else without one.
pub(crate) fn run(machine: &Machine) -> Result<()> {
    if engine::answers(machine) {
        engine::ensure(machine)?;
    }
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
