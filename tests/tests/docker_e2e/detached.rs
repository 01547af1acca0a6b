//! A bottle beside the command that started it, and after that command was killed.

use anyhow::Result;
use bottle_tests::harness::Scene;
use rustix::process::Signal;

use crate::QUICK;
use crate::lifecycle::state_of;

#[test]
fn a_running_bottle_is_listed_entered_and_stopped() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("a_running_bottle_is_listed_entered_and_stopped")? else {
        return Ok(());
    };
    let running = scene.start_waiting()?;
    assert_eq!(state_of(&scene)?, "running");
    let entered = scene.shell("pwd; echo complaint >&2; exit 5")?;
    assert_eq!(
        (entered.status, &*entered.stdout, &*entered.stderr),
        (5, "/home/node/workspace\n", "complaint\n")
    );
    let stopped = scene.stage.run(&["stop", "--discard", &scene.label], QUICK)?;
    assert_eq!(stopped.status, 0, "{stopped:?}");
    running.wait(QUICK)?;
    scene.assert_gone()
}

#[test]
fn a_bottle_survives_the_command_that_started_it() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("a_bottle_survives_the_command_that_started_it")? else {
        return Ok(());
    };
    let running = scene.start_waiting()?;
    running.signal(Signal::KILL)?;
    assert_eq!(running.wait(QUICK)?.status, 137);
    assert_eq!(state_of(&scene)?, "detached");
    assert_eq!(
        scene.shell("pgrep -x sleep || pidof sleep")?.status,
        0,
        "the agent goes on"
    );
    let request = scene.shell("curl -sS --fail https://upstream.test/status/200")?;
    assert_eq!(request.status, 0, "{request:?}");
    let swept = scene.stage.run(&["cleanup", "--yes"], QUICK)?;
    assert_eq!(swept.status, 0, "{swept:?}");
    assert_eq!(state_of(&scene)?, "detached");
    let stopped = scene.stage.run(&["stop", &scene.label], QUICK)?;
    assert_eq!(stopped.status, 0, "{stopped:?}");
    scene.assert_gone()
}

#[test]
fn a_second_bottle_of_that_name_is_refused_and_harms_nothing() -> Result<()> {
    const TEST: &str = "a_second_bottle_of_that_name_is_refused_and_harms_nothing";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let second = scene.start("exit 0")?.wait(QUICK)?;
    // A headless start makes the name unique instead of asking.
    assert_eq!(second.status, 0, "{second:?}");
    assert_eq!(state_of(&scene)?, "running");
    assert_eq!(scene.shell("true")?.status, 0);
    Ok(())
}
