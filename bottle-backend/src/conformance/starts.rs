//! Promises about starts that do not come to their end.

use std::cell::OnceCell;
use std::path::PathBuf;

use bottle_plan::names::Identity;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use tokio::sync::mpsc;

use super::bottles::{chain, fresh, start};
use super::leaving::panic_of;
use super::lifecycle::state;
use super::{Harness, NO_PROCESS};
use crate::{Canceller, CleanupPlan, LaunchError, LaunchMaterials, Owner, Progress, Quiet, launch};

/// Hears each step of a start as it begins.
struct Steps(mpsc::UnboundedSender<()>);

impl Progress for Steps {
    fn step(&self, _step: &str) {
        let _ = self.0.send(());
    }

    fn detail(&self, _line: &str) {}
}

fn nothing_of(plan: &CleanupPlan, identity: &Identity) -> bool {
    let name = format!("-{identity}-");
    !plan
        .leftovers
        .iter()
        .any(|leftover| leftover.name.contains(&name) || leftover.name == identity.as_str())
}

async fn leftovers(harness: &dyn Harness) -> CleanupPlan {
    let plan = harness.backend().prepare_cleanup().await;
    plan.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// Begins a start and loses interest in it when its n-th step begins, as a crash would. Returns whether it came that
/// far.
async fn break_off(harness: &dyn Harness, materials: LaunchMaterials, step: usize) -> bool {
    let identity = materials.owner.identity.clone();
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let (steps, mut seen) = mpsc::unbounded_channel();
    let steps = Steps(steps);
    let launching = harness.backend().launch(&plan, materials, &steps);
    let reached = async {
        for _ in 0..step {
            seen.recv().await;
        }
        // What follows the step's beginning is under way by then.
        tokio::task::yield_now().await;
    };
    // In this order, so that each step is seen before the next one begins.
    tokio::select! {
        biased;
        started = launching => {
            let bottle = started.unwrap_or_else(|error| panic!("{}", chain(&error)));
            let _ = bottle.close().await;
            false
        }
        () = reached => true,
    }
}

fn owned(harness: &dyn Harness, change: impl Fn(Owner) -> Owner) -> LaunchMaterials {
    let materials = harness.materials(&fresh());
    LaunchMaterials {
        owner: change(materials.owner),
        ..materials
    }
}

pub async fn a_cancelled_start_leaves_nothing_at_any_step(harness: &dyn Harness) {
    for step in 1..20 {
        let identity = fresh();
        let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
        let (steps, mut seen) = mpsc::unbounded_channel();
        let (canceller, cancel) = Canceller::new();
        let steps = Steps(steps);
        let launching = launch(
            harness.backend(),
            &plan,
            harness.materials(&identity),
            &steps,
            cancel,
        );
        let cancelling = async {
            for _ in 0..step {
                seen.recv().await;
            }
            canceller.cancel();
            std::future::pending::<()>().await;
        };
        let started = tokio::select! {
            biased;
            started = launching => started,
            () = cancelling => return,
        };
        if let Ok(bottle) = started {
            let _ = bottle.close().await;
            assert!(step > 1, "a start of one step cannot be cancelled");
            return;
        }
        assert!(matches!(started.map(drop), Err(LaunchError::Cancelled)));
        assert_eq!(state(harness, &identity).await, None, "after step {step}");
        assert!(
            nothing_of(&leftovers(harness).await, &identity),
            "after step {step}"
        );
    }
}

pub async fn a_failing_start_leaves_nothing(harness: &dyn Harness) {
    let identity = fresh();
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let materials = LaunchMaterials {
        binaries: PathBuf::from("/no/such/folder"),
        ..harness.materials(&identity)
    };
    let (_canceller, cancel) = Canceller::new();
    let started = launch(harness.backend(), &plan, materials, &Quiet, cancel).await;
    assert!(matches!(started.map(drop), Err(LaunchError::MissingFile { .. })));
    assert_eq!(state(harness, &identity).await, None);
    assert!(nothing_of(&leftovers(harness).await, &identity));
}

pub async fn what_a_crash_left_is_swept(harness: &dyn Harness) {
    let mut swept = 0;
    for step in 1..20 {
        let materials = owned(harness, |owner| Owner {
            pid: NO_PROCESS + 1,
            ..owner
        });
        let identity = materials.owner.identity.clone();
        if !break_off(harness, materials, step).await {
            break;
        }
        // Whoever sweeps is another process; here it has to wait for the requests of this one.
        let settled = harness
            .backend()
            .abandon(&super::super::testing::sample_owner(&identity))
            .await;
        settled.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let mut plan = leftovers(harness).await;
        let name = format!("-{identity}-");
        plan.leftovers
            .retain(|leftover| leftover.name.contains(&name) || leftover.name == identity.as_str());
        swept += plan.leftovers.len();
        let report = harness.backend().cleanup(&plan).await;
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        assert_eq!(state(harness, &identity).await, None);
        assert!(nothing_of(&leftovers(harness).await, &identity));
    }
    assert!(swept > 0, "no start was broken off late enough to leave anything");
}

/// Breaks starts off at every step and checks that a sweep passes them by.
async fn left_alone(harness: &dyn Harness, change: impl Fn(Owner) -> Owner) {
    for step in 1..20 {
        let materials = owned(harness, &change);
        let owner = materials.owner.clone();
        if !break_off(harness, materials, step).await {
            // What is another machine's the handle on it leaves alone too.
            let _ = harness.backend().abandon(&owner).await;
            break;
        }
        let settled = harness
            .backend()
            .abandon(&super::super::testing::sample_owner(&fresh()))
            .await;
        settled.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert!(nothing_of(&leftovers(harness).await, &owner.identity));
        let _ = harness.backend().abandon(&owner).await;
    }
}

pub async fn what_a_living_command_starts_is_not_swept(harness: &dyn Harness) {
    left_alone(harness, |owner| owner).await;
}

pub async fn foreign_machine_label_left_alone(harness: &dyn Harness) {
    let foreign = |owner| Owner {
        machine: "another".to_owned(),
        pid: NO_PROCESS + 1,
        ..owner
    };
    left_alone(harness, foreign).await;
}

pub async fn a_running_bottle_is_never_swept(harness: &dyn Harness) {
    let identity = fresh();
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let mut materials = harness.materials(&identity);
    materials.owner.pid = NO_PROCESS + 1;
    let bottle = harness.backend().launch(&plan, materials, &Quiet).await;
    let bottle = bottle.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(nothing_of(&leftovers(harness).await, &identity));
    let preserved = bottle.preserve().await;
    preserved.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(nothing_of(&leftovers(harness).await, &identity));
    let _ = bottle.close().await;
    let run = start(harness).await;
    run.end().await;
}

/// A promise of the suite's own: whatever a body finds broken, the next one finds nothing of it.
pub async fn a_promise_that_is_broken_leaves_no_bottle(harness: &dyn Harness) {
    let name = OnceCell::new();
    let broken = async {
        let run = start(harness).await;
        let _first = name.set(run.bottle.identity().clone());
        panic!("a promise is broken, on purpose");
    };
    let panic = panic_of(harness, broken).await;
    assert!(panic.is_some());
    let identity = name.get().unwrap_or_else(|| panic!("nothing was started"));
    assert_eq!(state(harness, identity).await, None);
    assert!(nothing_of(&leftovers(harness).await, identity));
}
