//! `bottle cleanup`: one plan over all backends, one question, best effort.

use bottle_backend::CleanupPlan;
use bottle_cli::exit::Exit;
use bottle_cli::{Host, Wiring};

use crate::args::CleanupArgs;
use crate::report::Failure;
use crate::{ask, terminal};

pub(crate) async fn run(host: &Host, args: &CleanupArgs) -> Result<u8, Failure> {
    let wiring = Wiring::standard(host);
    let plans = wiring.plan_cleanup().await;
    let count: usize = plans.iter().map(|(_, plan)| plan.leftovers.len()).sum();
    if count == 0 {
        anstream::eprintln!("bottle: nothing to remove");
        return Ok(0);
    }
    for (backend, plan) in &plans {
        show(backend.facts().name.as_str(), plan);
    }
    if !args.yes {
        if !terminal::is_interactive() {
            return Err(Failure::words(Exit::Refused, "nobody can be asked").hint("add --yes".to_owned()));
        }
        if !ask::yes(&format!("Remove these {count}?"))? {
            return Err(Failure::declined());
        }
    }
    let mut failed = 0;
    for (backend, plan) in &plans {
        let report = backend.cleanup(plan).await;
        for (leftover, error) in &report.failed {
            anstream::eprintln!("bottle: {} {} is left: {error}", leftover.kind, leftover.name);
        }
        failed += report.failed.len();
    }
    anstream::eprintln!("bottle: removed {}, left {failed}", count - failed);
    Ok(if failed == 0 { 0 } else { Exit::Io as u8 })
}

fn show(backend: &str, plan: &CleanupPlan) {
    for leftover in &plan.leftovers {
        anstream::eprintln!(
            "  {backend} {} {}: {}",
            leftover.kind,
            leftover.name,
            leftover.reason
        );
    }
}
