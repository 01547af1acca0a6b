//! The bench: builds what is measured, as it is shipped, and measures it.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::machine::Machine;
use crate::{dist, engine, process};

#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// What the bench takes; `cargo xtask bench --help` lists it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

/// Builds and measures. The programs of others that it compares with are kept beside our own tools.
pub(crate) fn run(machine: &Machine, options: &Options) -> Result<()> {
    if let Err(error) = engine::ensure(machine) {
        eprintln!("starts will not be measured: {error:#}");
    }
    dist::build(machine, &dist::Options::shipped())?;
    let packages = ["bottle-bench", "bottle-sidecar", "bottle-cli"];
    let mut cargo = machine.cargo();
    cargo.args(["build", "--locked", "--release"]);
    process::run(cargo.args(packages.iter().flat_map(|package| ["--package", package])))?;
    let mut bench = Command::new(machine.target().join("release/bottle-bench"));
    bench.arg("--tools").arg(&machine.tools);
    process::run(bench.args(&options.arguments))
}
