//! Every call that a start makes of the engine fails once, is interrupted once, and is the last thing that a killed
//! command did: nothing is ever left.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use bottle_tests::harness::{EngineProxy, Fate, Finished, Scene};
use rustix::process::Signal;

use crate::QUICK;
use crate::lifecycle::state_of;

/// A scene whose command speaks to the engine through a proxy, and what a start asks of it before the agent runs.
struct Start {
    scene: Scene,
    proxy: EngineProxy,
    stages: Vec<String>,
}

impl Start {
    fn set_or_skip(test: &str) -> Result<Option<Self>> {
        let Some(mut scene) = Scene::set_or_skip(test)? else {
            return Ok(None);
        };
        std::fs::write(scene.stage.directory().join("copied"), "of the host's")?;
        let socket = scene.stage.bottle_home().join("engine.sock");
        let proxy = EngineProxy::start(&socket)?;
        scene
            .stage
            .set("DOCKER_HOST", &format!("unix://{}", socket.display()));
        let running = scene.start_waiting_with(&["--cwd"])?;
        let calls = proxy.calls();
        let stopped = scene.stage.run(&["stop", "--discard", &scene.label], QUICK)?;
        ensure!(stopped.status == 0, "{stopped:?}");
        running.wait(QUICK)?;
        let mut seen = BTreeSet::new();
        let stages: Vec<String> = calls
            .into_iter()
            .filter(|call| seen.insert(call.clone()))
            .collect();
        ensure!(stages.len() > 8, "{stages:?}");
        Ok(Some(Self { scene, proxy, stages }))
    }

    /// Begins a start that a call's fate will end.
    fn begin(&self, stage: &str, fate: Fate) -> Result<bottle_tests::harness::Running> {
        self.proxy.choose(stage, fate);
        self.scene.start_with(&["--cwd"], "exit 0")
    }

    /// Containers, volumes, state and processes; there are never networks of ours.
    fn assert_nothing_left(&self, stage: &str, how: &str) -> Result<()> {
        let (objects, states, processes) = (
            self.scene.engine()?.objects(&self.scene.label)?,
            self.scene.stage.states()?,
            self.scene.stage.processes()?,
        );
        ensure!(
            objects.is_empty() && states.is_empty() && processes.is_empty(),
            "{how} at {stage:?} leaves {objects:?} {states:?} {processes:?}"
        );
        Ok(())
    }
}

fn assert_calm(finished: &Finished, stage: &str) {
    assert!(!finished.stderr.contains("panicked"), "{stage}: {finished:?}");
}

#[test]
fn a_call_that_fails_leaves_nothing() -> Result<()> {
    let Some(start) = Start::set_or_skip("a_call_that_fails_leaves_nothing")? else {
        return Ok(());
    };
    let mut failed = 0;
    for stage in &start.stages {
        let finished = start.begin(stage, Fate::Fails)?.wait(QUICK)?;
        assert_calm(&finished, stage);
        // Some calls are made again, or only help.
        failed += usize::from(finished.status != 0);
        start.assert_nothing_left(stage, "a failure")?;
    }
    assert!(failed > 4, "{failed} of {:?}", start.stages);
    Ok(())
}

#[test]
fn a_signal_at_any_call_leaves_nothing() -> Result<()> {
    let Some(start) = Start::set_or_skip("a_signal_at_any_call_leaves_nothing")? else {
        return Ok(());
    };
    let signals = [Signal::INT, Signal::TERM, Signal::HUP];
    for (stage, signal) in start.stages.iter().zip(signals.into_iter().cycle()) {
        let running = start.begin(stage, Fate::Waits)?;
        start.proxy.wait_until_caught(QUICK)?;
        running.signal(signal)?;
        start.proxy.release();
        let finished = running.wait(QUICK)?;
        assert_calm(&finished, stage);
        assert_eq!(finished.status, 130, "{signal:?} at {stage:?}: {finished:?}");
        let said = ["was removed", "nothing was started"]
            .iter()
            .any(|words| finished.stderr.contains(words));
        assert!(said, "{signal:?} at {stage:?}: {finished:?}");
        start.assert_nothing_left(stage, "a signal")?;
    }
    Ok(())
}

#[test]
fn what_a_killed_start_leaves_is_swept() -> Result<()> {
    let Some(start) = Start::set_or_skip("what_a_killed_start_leaves_is_swept")? else {
        return Ok(());
    };
    let (mut left, mut detached) = (0, 0);
    for stage in &start.stages {
        let running = start.begin(stage, Fate::Waits)?;
        start.proxy.wait_until_caught(QUICK)?;
        running.signal(Signal::KILL)?;
        running.wait(QUICK)?;
        start.proxy.release();
        left += start.scene.stage.states()?.len();
        let swept = start.scene.stage.run(&["cleanup", "--yes"], QUICK)?;
        assert_eq!(swept.status, 0, "{stage}: {swept:?}");
        if !start.scene.engine()?.objects(&start.scene.label)?.is_empty() {
            // The guest was there already, and whoever is in it is ended by nothing but a stop.
            assert_eq!(state_of(&start.scene)?, "detached", "{stage}");
            let stopped = start
                .scene
                .stage
                .run(&["stop", "--discard", &start.scene.label], QUICK)?;
            assert_eq!(stopped.status, 0, "{stage}: {stopped:?}");
            detached += 1;
        }
        start.assert_nothing_left(stage, "a kill and a cleanup")?;
    }
    assert!(
        left > detached + 2,
        "of {left} only {detached} were no starts any more"
    );
    Ok(())
}

#[test]
fn the_next_start_sweeps_what_a_killed_one_left() -> Result<()> {
    const TEST: &str = "the_next_start_sweeps_what_a_killed_one_left";
    let Some(start) = Start::set_or_skip(TEST)? else {
        return Ok(());
    };
    let running = start.begin("POST /containers/*/start", Fate::Waits)?;
    start.proxy.wait_until_caught(QUICK)?;
    running.signal(Signal::KILL)?;
    running.wait(QUICK)?;
    start.proxy.release();
    assert!(!start.scene.engine()?.objects(&start.scene.label)?.is_empty());
    // Its name is still taken, so this one has another.
    let next = start.scene.run("exit 0")?;
    assert_eq!(next.status, 0, "{next:?}");
    start.assert_nothing_left("the start of a container", "a kill and a start")
}
