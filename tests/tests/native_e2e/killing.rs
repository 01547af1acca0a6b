//! Anything is killed at any step, and after the next command nothing is left.

use std::fs;

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::{Processes, Remains, Scene, Who};
use rustix::process::{Pid, Signal, kill_process};

use crate::QUICK;

/// What a start says that it does, one after the other.
const STEPS: [&str; 5] = [
    "making the guest's files",
    "starting the guest",
    "looking at the guest",
    "provisioning the guest",
    "the agent waits",
];

const WAITS: &str = "run: echo the agent waits >&2; exec sleep 3600";

type Victim = (&'static str, fn(&Processes) -> i32);

const VICTIMS: [Victim; 5] = [
    ("the keeper", |all| all.keeper),
    ("the guest's first process", |all| all.first),
    ("the relay", |all| all.relay),
    ("the sidecar", |all| all.sidecar),
    ("the door", |all| all.door),
];

fn kill(process: i32) -> Result<()> {
    let process = Pid::from_raw(process).context("no process")?;
    Ok(kill_process(process, Signal::KILL)?)
}

/// No process, mount, group of processes, socket or folder.
fn nothing_is_left(scene: &Scene, before: &Remains, processes: Option<&Processes>, what: &str) -> Result<()> {
    if let Some(processes) = processes {
        ensure!(
            processes.alive().is_empty(),
            "{what}: {:?} are alive",
            processes.alive()
        );
    }
    let there = scene.stage.processes()?;
    ensure!(there.is_empty(), "{what}: {there:?}");
    let after = Remains::here(&scene.stage)?;
    ensure!(after == *before, "{what}: {after:?}");
    for folder in ["native", "state"] {
        let left: Vec<_> = match fs::read_dir(scene.stage.bottle_home().join(folder)) {
            Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
            Err(_) => Vec::new(),
        };
        ensure!(left.is_empty(), "{what}: {left:?} in {folder}");
    }
    Ok(())
}

fn discard(scene: &Scene) -> Result<()> {
    let stopped = scene.stage.run(&["stop", "--discard", &scene.label], QUICK)?;
    // What ended by itself is not there to be stopped.
    let cleaned = scene.stage.run(&["cleanup", "--yes"], QUICK)?;
    ensure!(cleaned.status == 0, "{stopped:?} {cleaned:?}");
    Ok(())
}

#[test]
fn a_command_that_is_killed_at_any_step_leaves_nothing_after_the_next() -> Result<()> {
    const TEST: &str = "a_command_that_is_killed_at_any_step_leaves_nothing_after_the_next";
    for who in Who::all() {
        for step in STEPS {
            let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
                return Ok(());
            };
            let before = Remains::here(&scene.stage)?;
            let running = scene.start(WAITS)?;
            running.wait_for_stderr(QUICK, step)?;
            running.signal(Signal::KILL)?;
            running.wait(QUICK)?;
            discard(&scene)?;
            nothing_is_left(&scene, &before, None, &format!("{who:?}, {step}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_part_that_is_killed_at_any_step_leaves_nothing_after_the_next_command() -> Result<()> {
    const TEST: &str = "a_part_that_is_killed_at_any_step_leaves_nothing_after_the_next_command";
    // Before these, not all of them are there.
    let steps = STEPS.iter().skip_while(|step| **step != "looking at the guest");
    for who in Who::all() {
        for (step, (name, victim)) in steps
            .clone()
            .flat_map(|step| VICTIMS.map(|victim| (step, victim)))
        {
            let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
                return Ok(());
            };
            let before = Remains::here(&scene.stage)?;
            let running = scene.start(WAITS)?;
            running.wait_for_stderr(QUICK, step)?;
            let processes = Processes::of(&scene.stage, &scene.label)?;
            kill(victim(&processes))?;
            discard(&scene)?;
            running.wait(QUICK)?;
            discard(&scene)?;
            let what = format!("{who:?}, {name}, {step}");
            nothing_is_left(&scene, &before, Some(&processes), &what)?;
        }
    }
    Ok(())
}

#[test]
fn a_door_that_is_killed_is_there_again() -> Result<()> {
    let Some(scene) = Scene::native_or_skip("a_door_that_is_killed_is_there_again", Who::Caller, "")? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let before = Processes::of(&scene.stage, &scene.label)?;
    kill(before.door)?;
    let reached =
        scene.shell("curl -sS --fail --retry 5 --retry-all-errors https://upstream.test/status/200")?;
    ensure!(reached.status == 0, "{reached:?}");
    let after = Processes::of(&scene.stage, &scene.label)?;
    ensure!(
        after.door != before.door && after.sidecar == before.sidecar,
        "{before:?} {after:?}"
    );
    discard(&scene)
}

#[test]
fn what_serves_a_bottle_is_shut_in_itself() -> Result<()> {
    const TEST: &str = "what_serves_a_bottle_is_shut_in_itself";
    for who in Who::all() {
        let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
            return Ok(());
        };
        let _running = scene.start_waiting()?;
        let processes = Processes::of(&scene.stage, &scene.label)?;
        for process in [processes.sidecar, processes.door, processes.relay] {
            let status = fs::read_to_string(format!("/proc/{process}/status"))?;
            for line in ["\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n"] {
                ensure!(status.contains(line), "{who:?}: {status}");
            }
        }
        discard(&scene)?;
    }
    Ok(())
}
