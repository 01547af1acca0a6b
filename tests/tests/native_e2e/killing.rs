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

/// No process, namespace, mount, group of processes or socket.
fn nothing_runs(scene: &Scene, processes: Option<&Processes>, what: &str) -> Result<()> {
    if let Some(processes) = processes {
        let (alive, strays) = (processes.alive(), processes.strays());
        ensure!(
            alive.is_empty() && strays.is_empty(),
            "{what}: {alive:?} are alive, {strays:?} are in their namespaces"
        );
    }
    let there = scene.stage.processes()?;
    ensure!(there.is_empty(), "{what}: {there:?}");
    Remains::of(&scene.stage, &scene.label)?.ensure_none(what)
}

/// The same, and no folder.
fn nothing_is_left(scene: &Scene, processes: Option<&Processes>, what: &str) -> Result<()> {
    nothing_runs(scene, processes, what)?;
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
            let running = scene.start(WAITS)?;
            running.wait_for_stderr(QUICK, step)?;
            running.signal(Signal::KILL)?;
            running.wait(QUICK)?;
            discard(&scene)?;
            nothing_is_left(&scene, None, &format!("{who:?}, {step}"))?;
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
            let running = scene.start(WAITS)?;
            running.wait_for_stderr(QUICK, step)?;
            let processes = Processes::of(&scene.stage, &scene.label)?;
            kill(victim(&processes))?;
            discard(&scene)?;
            running.wait(QUICK)?;
            discard(&scene)?;
            let what = format!("{who:?}, {name}, {step}");
            nothing_is_left(&scene, Some(&processes), &what)?;
        }
    }
    Ok(())
}

#[test]
fn a_part_that_is_killed_as_soon_as_it_is_there_leaves_nothing_after_the_next_command() -> Result<()> {
    const TEST: &str = "a_part_that_is_killed_as_soon_as_it_is_there_leaves_nothing_after_the_next_command";
    for who in Who::all() {
        for children in 0..4 {
            let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
                return Ok(());
            };
            let what = format!("{who:?}, with {children} children");
            let running = scene.start(WAITS)?;
            let victim = Processes::youngest(&scene.stage, &scene.label, children, QUICK)?;
            // Some are there for a moment only.
            kill(victim).unwrap_or_default();
            discard(&scene)?;
            let ended = running.wait(QUICK).context(what.clone())?;
            ensure!(!ended.stderr.contains("panicked"), "{what}: {ended:?}");
            discard(&scene)?;
            nothing_is_left(&scene, None, &what)?;
        }
    }
    Ok(())
}

/// The parts whose end is the end of the guest: whoever waits for something in it hears of that, and the next command
/// finds its files alone.
#[test]
fn a_part_that_is_killed_within_an_exec_ends_it_and_leaves_files_alone() -> Result<()> {
    const TEST: &str = "a_part_that_is_killed_within_an_exec_ends_it_and_leaves_files_alone";
    for (who, (name, victim)) in Who::all()
        .iter()
        .flat_map(|who| VICTIMS.map(|victim| (*who, victim)))
    {
        let Some(scene) = Scene::native_or_skip(TEST, who, "")? else {
            return Ok(());
        };
        let what = format!("{who:?}, {name}, within an exec");
        let running = scene.start_waiting()?;
        let line = "setsid sleep 3600 & echo within; exec sleep 3600";
        let within = scene
            .stage
            .start(&["exec", &scene.label, "--", "bash", "-c", line])?;
        within.wait_for_stdout(QUICK, "within")?;
        let processes = Processes::of(&scene.stage, &scene.label)?;
        kill(victim(&processes))?;
        if !["the sidecar", "the door"].contains(&name) {
            let ended = within.wait(QUICK).context(what.clone())?;
            ensure!(ended.status != 0, "{what}: {ended:?}");
            let ended = running.wait(QUICK).context(what.clone())?;
            ensure!(ended.status != 0, "{what}: {ended:?}");
            let listed = scene.stage.run(&["list"], QUICK)?;
            ensure!(listed.status == 0, "{what}: {listed:?}");
            nothing_runs(&scene, Some(&processes), &what)?;
            discard(&scene)?;
        } else {
            discard(&scene)?;
            within.wait(QUICK).context(what.clone())?;
            running.wait(QUICK).context(what.clone())?;
        }
        nothing_is_left(&scene, Some(&processes), &what)?;
    }
    Ok(())
}

/// Whoever ends the bottle belongs to what can be killed then.
#[test]
fn what_is_killed_while_a_bottle_is_stopped_leaves_nothing_after_the_next_command() -> Result<()> {
    const TEST: &str = "what_is_killed_while_a_bottle_is_stopped_leaves_nothing_after_the_next_command";
    const COMMANDS: [&str; 2] = ["the command that was started", "the command that stops"];
    let names = VICTIMS.map(|(name, _)| name).into_iter().chain(COMMANDS);
    for (who, name) in Who::all()
        .iter()
        .flat_map(|who| names.clone().map(|name| (*who, name)))
    {
        let Some(scene) = Scene::native_or_skip(TEST, who, "")? else {
            return Ok(());
        };
        let what = format!("{who:?}, {name}, while stopping");
        let running = scene.start_waiting()?;
        let processes = Processes::of(&scene.stage, &scene.label)?;
        let agent = *processes.guests().last().context("no agent")?;
        let stopping = scene.stage.start(&["stop", "--discard", &scene.label])?;
        // From here on the guest is halted, and all of it is on its way to be removed.
        Processes::wait_for_end(agent, QUICK)?;
        match VICTIMS.iter().find(|(victim, _)| *victim == name) {
            // It may have ended by itself already.
            Some((_, victim)) => kill(victim(&processes)).unwrap_or_default(),
            None if name == COMMANDS[0] => running.signal(Signal::KILL)?,
            None => stopping.signal(Signal::KILL)?,
        }
        stopping.wait(QUICK).context(what.clone())?;
        running.wait(QUICK).context(what.clone())?;
        discard(&scene)?;
        nothing_is_left(&scene, Some(&processes), &what)?;
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
