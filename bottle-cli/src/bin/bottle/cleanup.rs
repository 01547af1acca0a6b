//! `bottle cleanup`: one plan over all backends, one question, best effort.

use std::sync::Arc;
use std::time::Duration;

use bottle_backend::{Backend, CleanupPlan};
use bottle_cli::exit::Exit;
use bottle_cli::state::StateError;
use bottle_cli::{Abandoned, Host, Wiring, ended_bottles, find_abandoned};
use bottle_plan::names::Identity;

use crate::args::CleanupArgs;
use crate::output::say;
use crate::report::Failure;
use crate::{ask, terminal};

/// How often removal is tried.
const ATTEMPTS: u32 = 4;
/// The wait between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn run(host: &Host, args: &CleanupArgs) -> Result<u8, Failure> {
    let wiring = Wiring::standard(host);
    let mut plans = wiring.plan_cleanup().await;
    let images = images(&mut plans, args.images).await;
    let states = states(&plans, host).await;
    let ended = ended_bottles(&host.events_root())?;
    let leftovers: usize = plans.iter().map(|(_, plan)| plan.leftovers.len()).sum();
    let count = leftovers + states.len() + ended.len();
    if count == 0 {
        say!("bottle: nothing to remove");
        hint(images);
        return Ok(0);
    }
    for (backend, plan) in &plans {
        show(backend.facts().name.as_str(), plan);
    }
    for state in &states {
        say!("  state of {}: its start was not finished", state.identity());
    }
    for ended in &ended {
        say!("  events of {}: the bottle is gone", ended.identity());
    }
    if !args.yes {
        if !terminal::is_interactive() {
            return Err(Failure::words(Exit::Refused, "nobody can be asked").hint("add --yes".to_owned()));
        }
        if !ask::yes(&format!("Remove these {count}?"))? {
            return Err(Failure::declined());
        }
    }
    let mut done = remove(&plans, states).await;
    for ended in ended {
        done.note("the events", ended.identity(), ended.remove());
    }
    say!("bottle: removed {}, left {}", done.removed, done.failed);
    hint(images);
    Ok(if done.failed == 0 { 0 } else { Exit::Io as u8 })
}

/// Counts images that no bottle is made from, or adds them to the plans.
async fn images(plans: &mut [(Arc<dyn Backend>, CleanupPlan)], wanted: bool) -> usize {
    let mut left = 0;
    for (backend, plan) in plans {
        match backend.unused_images().await {
            Ok(found) if wanted => plan.leftovers.extend(found),
            Ok(found) => left += found.len(),
            Err(error) => say!("bottle: {}: {error}", backend.facts().name),
        }
    }
    left
}

fn hint(images: usize) {
    match images {
        0 => {}
        1 => say!("  hint: an image is in no use; `bottle cleanup --images` removes it"),
        _ => say!("  hint: {images} images are in no use; `bottle cleanup --images` removes them"),
    }
}

type Plans = [(Arc<dyn Backend>, CleanupPlan)];

/// The state folders that nothing will be left of once the plans are carried out.
async fn states(plans: &Plans, host: &Host) -> Vec<Abandoned> {
    let mut states = Vec::new();
    for (backend, _) in plans {
        match find_abandoned(backend.as_ref(), host).await {
            Ok(found) => states.extend(found),
            Err(error) => say!("bottle: {}: {error}", backend.facts().name),
        }
    }
    states
}

#[derive(Default)]
struct Done {
    removed: usize,
    failed: usize,
}

impl Done {
    fn note(&mut self, what: &str, of: &Identity, removed: Result<(), StateError>) {
        match removed {
            Ok(()) => self.removed += 1,
            Err(error) => {
                say!("bottle: {what} of {of} is left: {error}");
                self.failed += 1;
            }
        }
    }
}

/// Removes as much as it can.
async fn remove(plans: &Plans, states: Vec<Abandoned>) -> Done {
    let mut done = Done::default();
    for (backend, plan) in plans {
        done.removed += leftovers(backend.as_ref(), plan.clone(), &mut done.failed).await;
    }
    for state in states {
        let name = state.identity().clone();
        done.note("the state", &name, state.remove());
    }
    done
}

/// Removes a backend's leftovers. An engine may still be making what a start asked for before it was killed, and will
/// not let go of what that needs: so look again when something stays.
async fn leftovers(backend: &dyn Backend, mut plan: CleanupPlan, failed: &mut usize) -> usize {
    let mut removed = 0;
    for again in (0..ATTEMPTS).rev() {
        let report = backend.cleanup(&plan).await;
        removed += report.removed.len();
        if report.failed.is_empty() {
            break;
        }
        if again > 0 {
            tokio::time::sleep(PAUSE).await;
            let failed = report.failed.into_iter().map(|(leftover, _)| leftover);
            plan = match backend.prepare_cleanup().await {
                // It does not name images.
                Ok(mut found) => {
                    found
                        .leftovers
                        .extend(failed.filter(|leftover| leftover.kind == "image"));
                    found
                }
                Err(_) => plan,
            };
            continue;
        }
        for (leftover, error) in &report.failed {
            say!("bottle: {} {} is left: {error}", leftover.kind, leftover.name);
        }
        *failed += report.failed.len();
    }
    removed
}

fn show(backend: &str, plan: &CleanupPlan) {
    for leftover in &plan.leftovers {
        say!(
            "  {backend} {} {}: {}",
            leftover.kind,
            leftover.name,
            leftover.reason
        );
    }
}
