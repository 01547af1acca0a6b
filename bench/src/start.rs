//! From the command to a working agent, beside the same two containers started bare.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;
use tempfile::TempDir;

use crate::engine::Engine;
use crate::summary::median;

/// What is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) docker_socket: PathBuf,
}

/// What was measured, round by round, in seconds.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Starts {
    pub(crate) bottle: Vec<f64>,
    pub(crate) bare: Vec<f64>,
    /// Why nothing was measured.
    pub(crate) skipped: Option<String>,
}

/// A home with one bottle and one agent.
struct Home {
    folder: TempDir,
    program: PathBuf,
}

/// What the agent says when it works.
const MARK: &str = "the agent works";
const PROMPT: &str = "run: echo the agent works";
const WAITING: &str = "run: echo the agent works; exec sleep 60";

/// Measures, or says why there is nothing to measure with.
pub(crate) fn measure(plan: &Plan) -> Result<Starts> {
    let mut starts = Starts::default();
    if plan.rounds == 0 {
        return Ok(starts);
    }
    match Engine::connect(&plan.docker_socket) {
        Ok(engine) => starts.measure(plan.rounds, &engine)?,
        Err(error) => {
            eprintln!("SKIPPED start: {error:#}");
            starts.skipped = Some(format!("{error:#}"));
        }
    }
    Ok(starts)
}

impl Starts {
    /// How many times the bare containers' time a bottle takes: the median over rounds.
    pub(crate) fn ratio(&self) -> Option<f64> {
        median(
            self.bottle
                .iter()
                .zip(&self.bare)
                .map(|(bottle, bare)| bottle / bare),
        )
    }

    fn measure(&mut self, rounds: usize, engine: &Engine) -> Result<()> {
        let home = Home::new()?;
        let images = home.images(engine)?;
        // The first of each is not counted: it fills caches.
        for round in 0..=rounds {
            eprintln!("start {round} of {rounds}");
            let (bottle, bare) = match round % 2 {
                0 => (home.start()?, start_bare(engine, &images)?),
                _ => {
                    let bare = start_bare(engine, &images)?;
                    (home.start()?, bare)
                }
            };
            if round > 0 {
                self.bottle.push(bottle);
                self.bare.push(bare);
            }
        }
        Ok(())
    }
}

/// The images of a bottle.
struct Images {
    sidecar: String,
    agent: String,
}

/// Both containers, one after the other, and a command in the second.
fn start_bare(engine: &Engine, images: &Images) -> Result<f64> {
    let begin = Instant::now();
    let _sidecar = engine.start(&images.sidecar, &["/bottle-sidecar", "init"], "bridge")?;
    let agent = engine.start(&images.agent, &["sleep", "600"], "none")?;
    agent.exec(&["true"])?;
    Ok(begin.elapsed().as_secs_f64())
}

impl Home {
    fn new() -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("bottle");
        ensure!(program.is_file(), "{} is missing", program.display());
        let folder = TempDir::with_prefix("bottle-bench-home-")?;
        let home = Self { folder, program };
        let bottle = "---\nagent_provider: {template: demo}\nsupervise: false\n---\n";
        home.write("bottles/bench.md", bottle)?;
        home.write("agents/worker.md", "---\nbottle: bench\n---\nWork.\n")?;
        Ok(home)
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let file = self.folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap_or(Path::new("/")))?;
        Ok(fs::write(file, text)?)
    }

    /// Builds the images if they are not there, and tells which they are.
    fn images(&self, engine: &Engine) -> Result<Images> {
        let label = format!("bench-{}", std::process::id());
        let mut child = self.spawn(WAITING, &label)?;
        let output = wait_for_mark(&mut child);
        let image = |part: &str| engine.image_of(&format!("bottle-{label}-{part}"));
        let both = || {
            Ok(Images {
                sidecar: image("sidecar")?,
                agent: image("agent")?,
            })
        };
        let images = output
            .as_ref()
            .map_or_else(|error| Err(anyhow!("{error:#}")), |_| both());
        self.stop(&label);
        drain(output?)?;
        child.wait()?;
        images
    }

    /// Returns how long it took until the agent worked.
    fn start(&self) -> Result<f64> {
        let begin = Instant::now();
        let mut child = self.spawn(PROMPT, &format!("bench-{}", std::process::id()))?;
        let output = wait_for_mark(&mut child)?;
        let took = begin.elapsed().as_secs_f64();
        drain(output)?;
        let status = child.wait()?;
        ensure!(status.success(), "bottle ended with {status}");
        Ok(took)
    }

    fn spawn(&self, prompt: &str, label: &str) -> Result<Child> {
        let mut command = self.command();
        command.args([
            "start",
            "worker",
            "--backend",
            "docker",
            "--headless",
            "--yes",
            "--time-limit",
            "5m",
        ]);
        command.args(["--label", label, "--prompt", prompt]);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        child.spawn().context("cannot start bottle")
    }

    fn stop(&self, label: &str) {
        let mut command = self.command();
        let stopped = command
            .args(["stop", "--discard", label])
            .stdout(Stdio::null())
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            eprintln!("bottle {label} may be left over");
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let home = self.folder.path();
        command
            .current_dir(home)
            .env("HOME", home)
            .env("BOT_BOTTLE_HOME", home);
        command
    }
}

/// Returns what is left of the output once the agent works; who lets go of it breaks the pipe.
fn wait_for_mark(child: &mut Child) -> Result<BufReader<ChildStdout>> {
    let mut output = BufReader::new(child.stdout.take().context("bottle has no output")?);
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        if line.trim_end() == MARK {
            return Ok(output);
        }
        line.clear();
    }
    let mut said = String::new();
    if let Some(errors) = &mut child.stderr {
        errors.read_to_string(&mut said)?;
    }
    anyhow::bail!("no agent worked: {}", said.trim())
}

fn drain(mut output: BufReader<ChildStdout>) -> Result<()> {
    std::io::copy(&mut output, &mut std::io::sink())?;
    Ok(())
}
