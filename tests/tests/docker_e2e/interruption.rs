//! Signals where no call of the engine begins: during a build, and while the agent works.

use anyhow::Result;
use bottle_tests::harness::{Object, Scene};
use rustix::process::Signal;

use crate::QUICK;
use crate::lifecycle::state_of;

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
        let running = scene.start_with(&["--bottle", "slow"], "exit 0")?;
        running.wait_for_stderr(QUICK, "building the agent's image")?;
        running.signal(signal)?;
        let finished = running.wait(QUICK)?;
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
