//! Anything is killed at any step, and after the next command nothing is left.

use std::fs;

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::Scene;
use rustix::process::{Pid, Signal, kill_process};

use crate::{LIMIT, machines};

/// What a start says that it does, one after the other.
const STEPS: [&str; 4] = [
    "starting the machine",
    "looking at the guest",
    "provisioning the guest",
    WAITING,
];
const WAITING: &str = "the agent waits";
const WAITS: &str = "run: echo the agent waits >&2; exec sleep 3600";

/// Parts of a bottle; the sidecar by words of its command line.
const PARTS: [Part; 3] = [Part::Machine, Part::Keeper, Part::Line("bottle-sidecar init")];

#[derive(Clone, Copy, Debug)]
enum Part {
    Machine,
    /// Who looks after the doors; nothing of the host's is in its environment.
    Keeper,
    Line(&'static str),
}

impl Part {
    fn kill(self, scene: &Scene) -> Result<()> {
        let process = self.find(scene)?.with_context(|| {
            let there = scene.stage.numbered_processes();
            format!("no {self:?} among {there:?}")
        })?;
        let process = Pid::from_raw(process).context("no process")?;
        Ok(kill_process(process, Signal::KILL)?)
    }

    fn find(self, scene: &Scene) -> Result<Option<i32>> {
        match self {
            Self::Machine => {
                let machines = machines(scene)?;
                let id = machines.first().and_then(|machine| machine.get("pid")?.as_i64());
                Ok(id.map(i32::try_from).transpose()?)
            }
            Self::Keeper => {
                let folder = scene.stage.bottle_home().join("smol").join(&scene.label);
                Ok(Some(fs::read_to_string(folder.join("keeper"))?.parse()?))
            }
            Self::Line(words) => {
                let there = scene.stage.numbered_processes()?;
                let found = there.iter().find(|(_, line)| line.contains(words));
                Ok(found.map(|(process, _)| *process))
            }
        }
    }
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
    let keepers = keepers()?;
    ensure!(keepers.is_empty(), "{what}: {keepers:?} look after something");
    for folder in ["smol", "state"] {
        let left: Vec<_> = match fs::read_dir(scene.stage.bottle_home().join(folder)) {
            Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
            Err(_) => Vec::new(),
        };
        ensure!(left.is_empty(), "{what}: {left:?} in {folder}");
    }
    let machines = machines(scene)?;
    ensure!(machines.is_empty(), "{what}: {machines:?}");
    Ok(())
}

/// All of this machine's: tests here run one after the other.
fn keepers() -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        // One that has ended meanwhile has no line.
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if line.starts_with(b"bottle-guest\0") {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(found)
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
    for part in PARTS {
        let Some(scene) = Scene::machine_or_skip(test)? else {
            return Ok(());
        };
        let what = format!("{part:?}, {step}");
        let running = scene.start(WAITS)?;
        running.wait_for_stderr(LIMIT, step)?;
        part.kill(&scene).context(what.clone())?;
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
    Part::Machine.kill(&scene)?;
    let ended = running.wait(LIMIT)?;
    ensure!(ended.status != 0, "{ended:?}");
    discard(&scene)?;
    nothing_is_left(&scene, "the machine")
}
