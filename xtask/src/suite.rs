//! Everything that has to hold before a change lands, step by step, with a table at the end.

pub(crate) mod agents;
mod mcp;
mod npm;
mod report;
mod scanners;
mod skips;
mod sshd;
mod steps;
pub(crate) mod tools;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::machine::Machine;
use crate::suite::report::{Outcome, Report};
use crate::suite::steps::{STEPS, Step};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs only this step (and may be given several times)
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Lists the steps and runs none
    #[arg(long)]
    list: bool,
}

/// Runs the chosen steps, all of them even if one fails, and fails if one did.
pub(crate) fn run(machine: &Machine, options: &Options) -> Result<()> {
    if options.list {
        for step in STEPS {
            let when = if step.by_name {
                " (only when it is named)"
            } else {
                ""
            };
            println!("{:9} {}{when}", step.name, step.about);
        }
        return Ok(());
    }
    let mut report = Report::new(machine.ci);
    for step in choose(&options.only)? {
        eprintln!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        let outcome = match step.needs.iter().find(|need| report.lacks(need)) {
            Some(need) => Outcome::Skipped(format!("step {need} did not pass")),
            None => (step.run)(machine).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}"))),
        };
        report.add(step.name, start.elapsed(), outcome);
    }
    print!("\n{report}");
    if options.only.is_empty() {
        for step in STEPS.iter().filter(|step| step.by_name) {
            println!(
                "not run unless it is named: --only {} ({})",
                step.name, step.about
            );
        }
    }
    if report.failed() {
        bail!("not everything passed");
    }
    Ok(())
}

fn choose(only: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step {unknown:?}; there are: {}", known.join(", "));
    }
    let chosen = |step: &&Step| match only.is_empty() {
        true => !step.by_name,
        false => only.iter().any(|name| name == step.name),
    };
    Ok(STEPS.iter().filter(chosen).collect())
}
