//! Fuzzing: every target of every fuzz crate, each for so many minutes of processor time.

mod session;
mod targets;

use std::fmt::Write;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::machine::Machine;
use crate::process;
use crate::suite::tools;

use session::{Ran, Session};
use targets::Target;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Minutes of processor time for each target
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many targets run at once
    #[arg(long, default_value_t = 1)]
    at_once: usize,
    /// Lists the targets and runs none
    #[arg(long)]
    list: bool,
    /// What to run: `CRATE`, or `CRATE/TARGET`; all if there is none
    #[arg(value_name = "CRATE[/TARGET]")]
    only: Vec<String>,
}

/// Builds and runs what was asked for, goes on when a target fails, and says at the end what each did.
pub(crate) fn run(machine: &Machine, options: &Options) -> Result<()> {
    let targets: Vec<Target> = targets::all(&machine.root)?
        .into_iter()
        .filter(|target| target.is_asked_for(&options.only))
        .collect();
    if targets.is_empty() {
        bail!("no fuzz target has such a name");
    }
    if options.list {
        targets.iter().for_each(|target| println!("{}", target.summary()));
        return Ok(());
    }
    build(machine, &targets)?;
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let ran = run_all(machine, &targets, length, options.at_once)?;
    print!("{}", table(&ran));
    let failed = ran.iter().filter(|ran| !ran.is_clean()).count();
    if failed > 0 {
        bail!("{failed} of {} targets are not clean", ran.len());
    }
    Ok(())
}

/// The compiler's coverage options are unstable, and the toolchain that is pinned is not; it takes them all the same.
fn build(machine: &Machine, targets: &[Target]) -> Result<()> {
    tools::FUZZ.ensure(machine)?;
    let mut crates: Vec<_> = targets.iter().map(|target| &target.folder).collect();
    crates.dedup();
    for folder in crates {
        let mut cargo = machine.cargo();
        cargo
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "build", "--fuzz-dir"]);
        process::run(cargo.arg(folder))?;
    }
    Ok(())
}

fn run_all(machine: &Machine, targets: &[Target], length: Duration, at_once: usize) -> Result<Vec<Ran>> {
    let waiting = Mutex::new(targets.iter());
    let next = || waiting.lock().ok()?.next();
    let work = || {
        let mut ran = Vec::new();
        while let Some(target) = next() {
            let session = Session::start(machine, target, length)?;
            ran.push(session.watch()?);
        }
        Ok(ran)
    };
    let parts: Vec<Result<Vec<Ran>>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once.max(1)).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(thread::ScopedJoinHandle::join);
        ended.filter_map(Result::ok).collect()
    });
    let mut ran = Vec::new();
    for part in parts {
        ran.extend(part?);
    }
    if ran.len() != targets.len() {
        bail!(
            "{} of {} targets did not run",
            targets.len() - ran.len(),
            targets.len()
        );
    }
    Ok(ran)
}

fn table(ran: &[Ran]) -> String {
    let mut table = format!(
        "{:32} {:>7} {:>11} {:>6}  result\n",
        "target", "minutes", "executions", "inputs"
    );
    for ran in ran {
        // A string takes everything.
        let _ = writeln!(table, "{ran}");
    }
    table
}
