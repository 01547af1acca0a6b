//! What can be asked for, and who does it.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::machine::Machine;
use crate::{bench, demo, dist, engine, fuzz, lab, suite};

/// The repository's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Measures what a bottle costs, side by side with mitmproxy, squid and a bare forwarder
    Bench(bench::Options),
    /// Shows an agent in a bottle: one that works, is refused, and uses a service without its credential
    Demo,
    /// Builds the static binaries that go into a sidecar and a guest, into `target/dist/<arch>`
    Dist(dist::Options),
    /// Makes sure that a Docker Engine answers and has the base image; installs what it may
    Engine,
    /// Fuzzes every parser for hostile bytes, and says what each target did
    Fuzz(fuzz::Options),
    /// Boots an emulated host with KVM and smolvm, and runs a folder's `run.sh` there; makes it first, once
    Lab(lab::Options),
    /// Records what the real smolvm says, in the lab, for the unit tests of its client
    Record,
    /// Measures what a bottle adds to a microVM, in the lab, beside smolvm alone
    LabBench(lab::bench::Options),
    /// Runs the smol backend's suites on real microVMs, in the lab
    Smol(lab::suites::Options),
    /// Checks and tests everything, and says what was skipped
    Test(suite::Options),
}

impl Task {
    pub(crate) fn run(&self, machine: &Machine) -> Result<()> {
        match self {
            Self::Bench(options) => bench::run(machine, options),
            Self::Demo => demo::run(machine),
            Self::Dist(options) => dist::build(machine, options),
            Self::Engine => engine::ensure(machine),
            Self::Fuzz(options) => fuzz::run(machine, options),
            Self::Lab(options) => lab::run(machine, options),
            Self::Record => lab::record(machine),
            Self::LabBench(options) => lab::bench::run(machine, options),
            Self::Smol(options) => lab::suites::run(machine, options).map(|passed| {
                passed.skipped.iter().for_each(|line| println!("skipped: {line}"));
                passed.flaky.iter().for_each(|test| println!("FLAKY: {test}"));
            }),
            Self::Test(options) => suite::run(machine, options),
        }
    }
}
