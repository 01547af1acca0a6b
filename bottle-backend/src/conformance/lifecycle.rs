//! Promises about a bottle's life.

use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_wire::control::{ControlAnswer, ControlRequest};

use super::bottles::{chain, fresh, lacks, start, text};
use super::{Ability, Harness};
use crate::{BottleState, Canceller, EngineError, LaunchError, Quiet, launch};

pub(super) async fn state(
    harness: &dyn Harness,
    identity: &bottle_plan::names::Identity,
) -> Option<BottleState> {
    let bottles = harness.backend().list().await;
    let bottles = bottles.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let found = bottles.into_iter().find(|bottle| bottle.identity == *identity);
    found.map(|bottle| bottle.state)
}

pub async fn a_launched_bottle_is_listed_and_gone_after_its_end(harness: &dyn Harness) {
    let run = start(harness).await;
    let identity = run.bottle.identity().clone();
    assert_eq!(state(harness, &identity).await, Some(BottleState::Running));
    run.end().await;
    assert_eq!(state(harness, &identity).await, None);
    let opened = harness.backend().open(&identity).await;
    assert!(matches!(opened.map(drop), Err(EngineError::NotRunning(_))));
}

pub async fn a_running_bottle_can_be_taken_up_again(harness: &dyn Harness) {
    let run = start(harness).await;
    run.prints("echo kept > \"$HOME/file\"", "").await;
    let identity = run.bottle.identity().clone();
    let opened = harness.backend().open(&identity).await;
    let again = super::Running {
        bottle: opened.unwrap_or_else(|error| panic!("{}", chain(&error))),
    };
    again.prints("cat \"$HOME/file\"", "kept\n").await;
    let changed = again.bottle.workspace_changed().await;
    assert!(matches!(changed, Ok(false)), "{changed:?}");
    again.end().await;
    assert_eq!(state(harness, &identity).await, None);
    run.end().await;
}

pub async fn a_second_bottle_of_the_same_name_is_refused(harness: &dyn Harness) {
    let run = start(harness).await;
    let identity = run.bottle.identity().clone();
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let (_canceller, cancel) = Canceller::new();
    let second = launch(
        harness.backend(),
        &plan,
        harness.materials(&identity),
        &Quiet,
        cancel,
    )
    .await;
    assert!(matches!(second.map(drop), Err(LaunchError::NameTaken(_))));
    run.prints("echo still here", "still here\n").await;
    assert_eq!(state(harness, &identity).await, Some(BottleState::Running));
    run.end().await;
}

pub async fn removing_again_is_no_error(harness: &dyn Harness) {
    let run = start(harness).await;
    let identity = run.bottle.identity().clone();
    for _ in 0..3 {
        let removed = harness.backend().remove(&identity).await;
        removed.unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    run.end().await;
    let never = harness.backend().remove(&fresh()).await;
    never.unwrap_or_else(|error| panic!("{}", chain(&error)));
}

pub async fn a_preserved_bottle_keeps_its_files(harness: &dyn Harness) {
    let run = start(harness).await;
    let identity = run.bottle.identity().clone();
    run.prints("echo work > \"$HOME/workspace/file\"", "").await;
    let preserved = run.bottle.preserve().await;
    preserved.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(state(harness, &identity).await, Some(BottleState::Preserved));
    let into = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let file = plan
        .workspace
        .guest
        .join("file")
        .unwrap_or_else(|error| panic!("{error}"));
    let copied = run.bottle.cp_out(&file, into.path()).await;
    copied.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let kept = std::fs::read(into.path().join("file")).unwrap_or_default();
    assert_eq!(text(&kept), "work\n");
    run.end().await;
    assert_eq!(state(harness, &identity).await, None);
}

pub async fn a_halted_guest_runs_nothing_and_can_be_looked_at(harness: &dyn Harness) {
    let run = start(harness).await;
    let identity = run.bottle.identity().clone();
    // One that is left behind, in a session of its own, deaf to what can be ignored, and writes for ever.
    let stays = "trap '' TERM HUP INT; while :; do echo x >> \"$HOME/workspace/file\"; done";
    run.prints(
        &format!("setsid sh -c '{}' >/dev/null 2>&1 </dev/null & until [ -s \"$HOME/workspace/file\" ]; do :; done", stays.replace('\'', "'\\''")),
        "",
    )
    .await;
    for _ in 0..2 {
        let halted = run.bottle.halt().await;
        halted.unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let size = async || {
        let into = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let copied = run.bottle.cp_out(&plan.workspace.guest, into.path()).await;
        copied.unwrap_or_else(|error| panic!("{}", chain(&error)));
        std::fs::read(into.path().join("workspace/file")).map_or(0, |file| file.len())
    };
    let first = size().await;
    assert!(first > 0);
    assert_eq!(size().await, first, "something in the guest still writes");
    assert!(matches!(run.bottle.workspace_changed().await, Ok(true)));
    let answer = run.bottle.control(&ControlRequest::Status).await;
    assert!(
        answer.is_ok(),
        "the last events are still to be fetched: {answer:?}"
    );
    let again = harness.backend().open(&identity).await;
    assert!(again.is_ok(), "whoever finds it halted can end it");
    run.end().await;
    assert_eq!(state(harness, &identity).await, None);
}

pub async fn a_bottle_of_another_home_is_not_seen(harness: &dyn Harness) {
    let identity = super::bottles::fresh();
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let mut materials = harness.materials(&identity);
    materials.owner.home = "another".to_owned();
    let owner = materials.owner.clone();
    let bottle = harness.backend().launch(&plan, materials, &Quiet).await;
    let bottle = bottle.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(state(harness, &identity).await, None, "it is not listed");
    assert!(matches!(
        harness.backend().open(&identity).await.map(drop),
        Err(EngineError::NotRunning(_))
    ));
    let removed = harness.backend().remove(&identity).await;
    removed.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let done = bottle.exec(&super::bottles::sh("true")).await;
    assert!(done.is_ok_and(|done| done.status == 0), "it was not touched");
    let preserved = bottle.preserve().await;
    preserved.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let (_canceller, cancel) = Canceller::new();
    let materials = harness.materials(&identity);
    let taken = launch(harness.backend(), &plan, materials, &Quiet, cancel).await;
    assert!(matches!(taken.map(drop), Err(LaunchError::NameTaken(_))));
    let gone = harness.backend().abandon(&owner).await;
    gone.unwrap_or_else(|error| panic!("{}", chain(&error)));
}

pub async fn a_preserved_bottle_can_be_started_again(harness: &dyn Harness) {
    let run = start(harness).await;
    let identity = run.bottle.identity().clone();
    run.prints(
        "echo home > \"$HOME/file\"; echo work > \"$HOME/workspace/file\"",
        "",
    )
    .await;
    let preserved = run.bottle.preserve().await;
    preserved.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let (_canceller, cancel) = Canceller::new();
    let launched = launch(
        harness.backend(),
        &plan,
        harness.materials(&identity),
        &Quiet,
        cancel,
    )
    .await;
    let again = super::Running {
        bottle: launched.unwrap_or_else(|error| panic!("{}", chain(&error))),
    };
    again
        .prints("cat \"$HOME/file\" \"$HOME/workspace/file\"", "home\nwork\n")
        .await;
    let changed = again.bottle.workspace_changed().await;
    assert!(
        matches!(changed, Ok(true)),
        "what was there at the very start counts: {changed:?}"
    );
    assert_eq!(state(harness, &identity).await, Some(BottleState::Running));
    again.end().await;
    assert_eq!(state(harness, &identity).await, None);
}

/// Wakes a bottle; none, after saying so, where the backend cannot.
async fn woken(harness: &dyn Harness, identity: &bottle_plan::names::Identity) -> Option<super::Running> {
    match harness.backend().wake(identity).await {
        Ok(bottle) => Some(super::Running { bottle }),
        Err(error @ EngineError::Unsupported { .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{}", chain(&error)),
    }
}

pub async fn a_preserved_bottle_is_woken_without_its_doors(harness: &dyn Harness) {
    let run = start(harness).await;
    let identity = run.bottle.identity().clone();
    run.prints("echo work > \"$HOME/workspace/file\"", "").await;
    let preserved = run.bottle.preserve().await;
    preserved.unwrap_or_else(|error| panic!("{}", chain(&error)));
    // The second time, it was left awake by somebody who died.
    for _ in 0..2 {
        let Some(awake) = woken(harness, &identity).await else {
            assert_eq!(state(harness, &identity).await, Some(BottleState::Preserved));
            return run.end().await;
        };
        awake.prints("cat \"$HOME/workspace/file\"", "work\n").await;
        assert_eq!(state(harness, &identity).await, Some(BottleState::Degraded));
        if harness.has(Ability::Doors) {
            let answer = awake.bottle.control(&ControlRequest::Status).await;
            assert!(answer.is_err(), "somebody serves its doors: {answer:?}");
        }
    }
    let Some(awake) = woken(harness, &identity).await else {
        return;
    };
    let rested = awake.bottle.preserve().await;
    rested.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(state(harness, &identity).await, Some(BottleState::Preserved));
    run.end().await;
    assert_eq!(state(harness, &identity).await, None);
    let gone = harness.backend().wake(&identity).await;
    assert!(matches!(gone.map(drop), Err(EngineError::NotRunning(_))));
}

pub async fn a_bottle_whose_doors_serve_is_not_woken(harness: &dyn Harness) {
    let run = start(harness).await;
    let identity = run.bottle.identity().clone();
    let woken = harness.backend().wake(&identity).await;
    assert!(woken.is_err());
    run.prints("echo untouched", "untouched\n").await;
    assert_eq!(state(harness, &identity).await, Some(BottleState::Running));
    run.end().await;
}

pub async fn the_sidecar_answers(harness: &dyn Harness) {
    let run = start(harness).await;
    let answer = run.bottle.control(&ControlRequest::Status).await;
    let answer = answer.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(matches!(answer, ControlAnswer::Status(status) if status.booted));
    run.end().await;
}

pub async fn bottles_start_in_parallel(harness: &dyn Harness) {
    let begin = || start(harness);
    let runs = match harness.is_slow() {
        true => {
            let runs = tokio::join!(begin(), begin());
            vec![runs.0, runs.1]
        }
        false => {
            let runs = tokio::join!(begin(), begin(), begin(), begin(), begin());
            vec![runs.0, runs.1, runs.2, runs.3, runs.4]
        }
    };
    for (number, run) in runs.iter().enumerate() {
        run.prints(&format!("echo {number} > \"$HOME/n\""), "").await;
    }
    for (number, run) in runs.into_iter().enumerate() {
        run.prints("cat \"$HOME/n\"", &format!("{number}\n")).await;
        run.end().await;
    }
}

pub async fn the_egress_door_is_the_only_way_out(harness: &dyn Harness) {
    if lacks(harness, Ability::Doors) {
        return;
    }
    let run = start(harness).await;
    let connects = |target: &str| {
        format!("timeout 5 bash -c 'exec 3<>/dev/tcp/{target}' 2>/dev/null && echo yes || echo no")
    };
    run.prints(&connects("127.0.0.1/9099"), "yes\n").await;
    run.prints(&connects("egress/9099"), "yes\n").await;
    for closed in [
        "127.0.0.1/9420",
        "127.0.0.1/9100",
        "172.17.0.1/22",
        "192.0.2.1/80",
        "169.254.169.254/80",
    ] {
        run.prints(&connects(closed), "no\n").await;
    }
    let interfaces: String = harness
        .interfaces()
        .iter()
        .map(|name| format!("{name}\n"))
        .collect();
    run.prints("sed -n 's/: .*//p' /proc/net/dev | tr -d ' '", &interfaces)
        .await;
    run.end().await;
}
