//! Ctrl-C and SIGTERM, at each stage of a start.

use anyhow::Result;
use bottle_tests::harness::{Object, Running, Scene};
use rustix::process::Signal;

use crate::QUICK;
use crate::lifecycle::state_of;

/// What a start says when it enters a stage.
const STAGES: [&str; 3] = [
    "starting the sidecar",
    "starting the guest",
    "provisioning the guest",
];

fn start_interrupted(scene: &Scene, flags: &[&str], stage: &str, signal: Signal) -> Result<Running> {
    let running = scene.start_with(flags, "run: sleep 3600")?;
    running.wait_for_stderr(QUICK, stage)?;
    running.signal(signal)?;
    Ok(running)
}

fn leaves_nothing(test: &str, signal: Signal) -> Result<()> {
    let Some(scene) = Scene::set_or_skip(test)? else {
        return Ok(());
    };
    assert_eq!(scene.run("exit 0")?.status, 0, "the image is there");
    for stage in STAGES {
        let finished = start_interrupted(&scene, &[], stage, signal)?.wait(QUICK)?;
        assert_eq!(finished.status, 130, "at {stage:?}: {finished:?}");
        assert!(
            finished.stderr.contains("was removed"),
            "at {stage:?}: {finished:?}"
        );
        scene.assert_gone()?;
    }
    Ok(())
}

#[test]
fn ctrl_c_during_a_start_leaves_nothing() -> Result<()> {
    leaves_nothing("ctrl_c_during_a_start_leaves_nothing", Signal::INT)
}

#[test]
fn sigterm_during_a_start_leaves_nothing() -> Result<()> {
    leaves_nothing("sigterm_during_a_start_leaves_nothing", Signal::TERM)
}

#[test]
fn an_interrupted_image_build_leaves_nothing() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("an_interrupted_image_build_leaves_nothing")? else {
        return Ok(());
    };
    let provider = "agent_provider: {template: demo, dockerfile: slow.Dockerfile}\n";
    scene.stage.write_bottle("slow", provider)?;
    // The token makes it an image that nobody has built before.
    let dockerfile = format!("FROM debian:bookworm-slim\nRUN : {} && sleep 600\n", scene.token);
    scene.stage.write("bottles/slow.Dockerfile", &dockerfile)?;
    for signal in [Signal::INT, Signal::TERM] {
        let stage = "building the agent's image";
        let finished = start_interrupted(&scene, &["--bottle", "slow"], stage, signal)?.wait(QUICK)?;
        assert_eq!(finished.status, 130, "{finished:?}");
        scene.assert_gone()?;
    }
    Ok(())
}

/// The run has begun by then, so that its files are kept, and nothing runs.
#[test]
fn a_signal_to_an_attached_run_ends_it_and_keeps_its_files() -> Result<()> {
    const TEST: &str = "a_signal_to_an_attached_run_ends_it_and_keeps_its_files";
    for signal in [Signal::INT, Signal::TERM] {
        let Some(scene) = Scene::set_or_skip(TEST)? else {
            return Ok(());
        };
        let running = scene.start_waiting()?;
        running.signal(signal)?;
        let finished = running.wait(QUICK)?;
        assert_eq!(finished.status, 130, "{finished:?}");
        let left = scene.engine()?.objects(&scene.label)?;
        let runs = |object: &Object| matches!(object, Object::Container { running: true, .. });
        assert!(!left.iter().any(runs), "{left:?}");
        assert_eq!(state_of(&scene)?, "preserved");
    }
    Ok(())
}
