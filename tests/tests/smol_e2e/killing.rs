//! Anything is killed at any step, and after the next command nothing is left.

use std::fs;

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::Scene;
use rustix::process::{Pid, Signal, kill_process};

use crate::LIMIT;

/// What a start says that it does, one after the other.
const STEPS: [&str; 4] = [
    "starting the machine",
    "looking at the guest",
    "provisioning the guest",
    WAITING,
];
const WAITING: &str = "the agent waits";
const WAITS: &str = "run: echo the agent waits >&2; exec sleep 3600";

/// Parts of a bottle, by words of the command lines of their processes.
const PARTS: [(&str, &str); 3] = [
    ("the machine", "_boot-vm"),
    ("the keeper", "bottle-sidecar guest"),
    ("the sidecar", "bottle-sidecar init"),
];

fn kill(scene: &Scene, words: &str) -> Result<()> {
    let there = scene.stage.numbered_processes()?;
    let found = there.iter().find(|(_, line)| line.contains(words));
    let (process, _) = found.with_context(|| format!("no {words:?} among {there:?}"))?;
    let process = Pid::from_raw(*process).context("no process")?;
    Ok(kill_process(process, Signal::KILL)?)
}

fn discard(scene: &Scene) -> Result<()> {
    let stopped = scene.stage.run(&["stop", "--discard", &scene.label], LIMIT)?;
    // What ended by itself is not there to be stopped.
    let cleaned = scene.stage.run(&["cleanup", "--yes"], LIMIT)?;
    ensure!(cleaned.status == 0, "{stopped:?} {cleaned:?}");
    Ok(())
}

/// No process, no folder, no machine.
fn nothing_is_left(scene: &Scene, what: &str) -> Result<()> {
    let there = scene.stage.processes()?;
    ensure!(there.is_empty(), "{what}: {there:?}");
    for folder in ["smol", "state"] {
        let left: Vec<_> = match fs::read_dir(scene.stage.bottle_home().join(folder)) {
            Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
            Err(_) => Vec::new(),
        };
        ensure!(left.is_empty(), "{what}: {left:?} in {folder}");
    }
    let mut smolvm = scene.stage.another_command("smolvm")?;
    let listed = smolvm.args(["machine", "ls", "--json"]).output()?;
    let listed = String::from_utf8(listed.stdout)?;
    ensure!(!listed.contains(&scene.label), "{what}: {listed}");
    Ok(())
}

#[test]
fn a_command_that_is_killed_at_any_step_leaves_nothing_after_the_next() -> Result<()> {
    const TEST: &str = "a_command_that_is_killed_at_any_step_leaves_nothing_after_the_next";
    for step in STEPS {
        let Some(scene) = Scene::machine_or_skip(TEST)? else {
            return Ok(());
        };
        let running = scene.start(WAITS)?;
        running.wait_for_stderr(LIMIT, step)?;
        running.signal(Signal::KILL)?;
        running.wait(LIMIT)?;
        discard(&scene)?;
        nothing_is_left(&scene, step)?;
    }
    Ok(())
}

fn a_part_is_killed(test: &str, step: &str) -> Result<()> {
    for (part, words) in PARTS {
        let Some(scene) = Scene::machine_or_skip(test)? else {
            return Ok(());
        };
        let what = format!("{part}, {step}");
        let running = scene.start(WAITS)?;
        running.wait_for_stderr(LIMIT, step)?;
        kill(&scene, words).context(what.clone())?;
        discard(&scene).context(what.clone())?;
        let ended = running.wait(LIMIT).context(what.clone())?;
        ensure!(!ended.stderr.contains("panicked"), "{what}: {ended:?}");
        discard(&scene).context(what.clone())?;
        nothing_is_left(&scene, &what)?;
    }
    Ok(())
}

#[test]
fn a_part_that_is_killed_within_a_start_leaves_nothing_after_the_next_command() -> Result<()> {
    let test = "a_part_that_is_killed_within_a_start_leaves_nothing_after_the_next_command";
    a_part_is_killed(test, "looking at the guest")
}

#[test]
fn a_part_that_is_killed_beside_an_agent_leaves_nothing_after_the_next_command() -> Result<()> {
    let test = "a_part_that_is_killed_beside_an_agent_leaves_nothing_after_the_next_command";
    a_part_is_killed(test, WAITING)
}

/// Whoever waits for an agent hears that its machine has ended.
#[test]
fn a_machine_that_is_killed_ends_its_agent() -> Result<()> {
    let Some(scene) = Scene::machine_or_skip("a_machine_that_is_killed_ends_its_agent")? else {
        return Ok(());
    };
    let running = scene.start(WAITS)?;
    running.wait_for_stderr(LIMIT, WAITING)?;
    kill(&scene, "_boot-vm")?;
    let ended = running.wait(LIMIT)?;
    ensure!(ended.status != 0, "{ended:?}");
    discard(&scene)?;
    nothing_is_left(&scene, "the machine")
}
