//! One scanner, once, on one core.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::usage;

/// What a run took.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Run {
    pub(super) seconds: f64,
    /// Processor time, in seconds.
    pub(super) cpu: f64,
    /// The most resident memory, in kibibytes.
    pub(super) peak: u64,
}

/// How often is looked; a run is measured no more exactly.
const GLANCE: Duration = Duration::from_millis(4);
/// A scanner that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(600);

/// How scanners end: well, or with 1, 200 or 205 (kingfisher) if they found something.
const STATUSES: [i32; 4] = [0, 1, 200, 205];

/// Runs a command to its end.
pub(super) fn run(mut command: Command, output: &Path) -> Result<Run> {
    let program = command.get_program().display().to_string();
    command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(File::create(output)?);
    let start = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let mut peak = 0;
    let mut cpu = 0.0;
    // It is asked for before it is waited for: what has ended keeps its times until then, but not its memory.
    while start.elapsed() < LONGEST {
        let used = usage::of_tree(child.id())?;
        (peak, cpu) = (used.peak.max(peak), used.cpu);
        if usage::has_ended(child.id()) {
            break;
        }
        std::thread::sleep(GLANCE);
    }
    let seconds = start.elapsed().as_secs_f64();
    if seconds >= LONGEST.as_secs_f64() {
        child.kill()?;
    }
    let status = child.wait()?;
    let expected = status.code().is_some_and(|code| STATUSES.contains(&code));
    ensure!(expected, "{program} failed: {status}");
    Ok(Run {
        seconds,
        cpu: cpu / 1e6,
        peak,
    })
}

/// A command that runs another one on the last core alone.
pub(super) fn on_one_core(program: &Path) -> Result<Command> {
    let last = std::thread::available_parallelism()?.get() - 1;
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &last.to_string()]).arg(program);
    Ok(command)
}
