//! A container that is killed at any step: whoever waits for it hears of that, and after the next command nothing is
//! left. What is left of killed commands is shown, call by call, in `stages`.

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::Scene;

use crate::QUICK;

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Starting,
    AtWork,
    WithinAnExec,
    Stopping,
}

const MOMENTS: [Moment; 4] = [
    Moment::Starting,
    Moment::AtWork,
    Moment::WithinAnExec,
    Moment::Stopping,
];

fn killed_at(test: &str, moment: Moment, container: fn(&Scene) -> String) -> Result<()> {
    let Some(scene) = Scene::set_or_skip(test)? else {
        return Ok(());
    };
    let victim = container(&scene);
    let what = format!("{victim}, {moment:?}");
    let running = match moment {
        Moment::Starting => {
            let running = scene.start("run: exec sleep 3600")?;
            // Both containers run by then.
            running.wait_for_stderr(QUICK, "provisioning the guest")?;
            running
        }
        Moment::AtWork | Moment::WithinAnExec | Moment::Stopping => scene.start_waiting()?,
    };
    let beside = match moment {
        Moment::WithinAnExec => {
            let line = "echo within; exec sleep 3600";
            let within = scene
                .stage
                .start(&["exec", &scene.label, "--", "bash", "-c", line])?;
            within.wait_for_stdout(QUICK, "within")?;
            Some(within)
        }
        Moment::Stopping => Some(scene.stage.start(&["stop", "--discard", &scene.label])?),
        Moment::Starting | Moment::AtWork => None,
    };
    // It may be on its way out, which is as well.
    scene.engine()?.kill(&victim)?;
    if victim == scene.agent() && moment == Moment::WithinAnExec {
        let within = beside.context("nothing is beside it")?.wait(QUICK);
        let within = within.context(what.clone())?;
        ensure!(within.status != 0, "{what}: {within:?}");
        let ended = running.wait(QUICK).context(what.clone())?;
        ensure!(ended.status != 0, "{what}: {ended:?}");
        let listed = scene.stage.run(&["list"], QUICK)?;
        ensure!(listed.status == 0, "{what}: {listed:?}");
        end(&scene)?;
    } else {
        end(&scene)?;
        for command in beside.into_iter().chain([running]) {
            command.wait(QUICK).context(what.clone())?;
        }
        // A start that failed meanwhile has cleared up after itself, and one that was quicker was stopped.
        end(&scene)?;
    }
    let (objects, states, processes) = (
        scene.engine()?.objects(&scene.label)?,
        scene.stage.states()?,
        scene.stage.processes()?,
    );
    ensure!(
        objects.is_empty() && states.is_empty() && processes.is_empty(),
        "{what}: {objects:?} {states:?} {processes:?}"
    );
    Ok(())
}

fn end(scene: &Scene) -> Result<()> {
    // What ended by itself is not there to be stopped.
    let stopped = scene.stage.run(&["stop", "--discard", &scene.label], QUICK)?;
    let cleaned = scene.stage.run(&["cleanup", "--yes"], QUICK)?;
    ensure!(cleaned.status == 0, "{stopped:?} {cleaned:?}");
    Ok(())
}

#[test]
fn a_guest_that_is_killed_at_any_step_leaves_nothing_after_the_next_command() -> Result<()> {
    const TEST: &str = "a_guest_that_is_killed_at_any_step_leaves_nothing_after_the_next_command";
    MOMENTS
        .into_iter()
        .try_for_each(|moment| killed_at(TEST, moment, Scene::agent))
}

#[test]
fn a_sidecar_that_is_killed_at_any_step_leaves_nothing_after_the_next_command() -> Result<()> {
    const TEST: &str = "a_sidecar_that_is_killed_at_any_step_leaves_nothing_after_the_next_command";
    MOMENTS
        .into_iter()
        .try_for_each(|moment| killed_at(TEST, moment, Scene::sidecar))
}
