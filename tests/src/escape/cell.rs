//! A bottle to get out of, and what lies around it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Signal, geteuid};

use super::attempt::{Attempt, Beside};
use super::batch;
use super::ground::Ground;
use super::program::{Attempted, attempt_program};
use super::twin::Twin;
use super::wall::Wall;
use crate::harness::{Engine, Finished, Reason, Running, Stage, Who, machine_or_skip, native_or_skip, skip};

/// The first start of all builds the engine's image.
const START: Duration = Duration::from_secs(500);
/// How long a refusal may take, the start of two programs on a busy machine included.
const AT_ONCE: Duration = Duration::from_secs(20);
const LIMIT: Duration = Duration::from_secs(60);
/// How long all attempts of a property may take together.
const TOGETHER: Duration = Duration::from_secs(300);
const WAITING: &str = "the agent waits";
/// Allows nothing.
const BOTTLE: &str = "agent_provider: {template: demo}\nsupervise: false\n";
/// The program, in the agent's folder and in the twin's.
const PROGRAM: &str = "./attempt";
/// A variable of the host's that no bottle asks for.
const VARIABLE: (&str, &str) = ("BOTTLE_ESCAPE_SECRET", "a-secret-of-the-hosts");

/// A running bottle whose agent's folder is a copy of the command's working folder, with the program of attempts in it.
#[derive(Debug)]
pub struct Cell {
    /// What holds it.
    pub wall: Wall,
    /// The test that it is for.
    pub test: &'static str,
    /// Where the command was run.
    pub stage: Stage,
    /// The bottle's name.
    pub label: String,
    ground: Ground,
    twin: Twin,
    running: Option<Running>,
}

impl Cell {
    /// Starts one, or says that this test is skipped.
    pub fn build_or_skip(wall: Wall, test: &'static str) -> Result<Option<Self>> {
        Self::build_with_or_skip(wall, test, &["--cwd"], |_| Ok(()))
    }

    /// The same with other flags, and with more in the working folder.
    pub fn build_with_or_skip(
        wall: Wall,
        test: &'static str,
        flags: &[&str],
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Option<Self>> {
        let Some(mut stage) = stage_or_skip(wall, test)? else {
            return Ok(None);
        };
        let Some(program) = attempt_program(test)? else {
            return Ok(None);
        };
        for folder in [stage.directory(), yard(&stage)] {
            fs::create_dir_all(&folder)?;
            let copy = folder.join(PROGRAM);
            fs::copy(&program, &copy)?;
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
        }
        let relay = crate::harness::dist_folder()?.join("bottle-relay");
        fs::copy(relay, yard(&stage).join("relay"))?;
        fill(&stage.directory())?;
        stage.write_bottle("one", BOTTLE)?;
        stage.write_agent("tester", "bottle: one\n", "You are a test.")?;
        stage.set(VARIABLE.0, VARIABLE.1);
        let label = stage.label("cell");
        let ground = Ground::prepare(wall, &label)?;
        let twin = Twin::in_yard(&yard(&stage));
        let mut cell = Self {
            wall,
            test,
            stage,
            label,
            ground,
            twin,
            running: None,
        };
        cell.start(flags)?;
        Ok(Some(cell))
    }

    fn start(&mut self, flags: &[&str]) -> Result<()> {
        let script = format!("run: echo {WAITING}; exec sleep 3600");
        let fixed = [
            "start",
            "tester",
            "--backend",
            self.wall.backend(),
            "--yes",
            "--label",
            &self.label,
        ];
        let headless = ["--headless", "--prompt", &script];
        let running = self.stage.start(&[&fixed, flags, &headless].concat())?;
        running.wait_for_stdout(START, &format!("\n{WAITING}"))?;
        self.running = Some(running);
        Ok(())
    }

    /// Makes an attempt as the agent; none when this host lacks what it aims at.
    fn inside(&self, attempt: &Attempt) -> Result<Option<(Attempted, String)>> {
        let Some(words) = self.words(attempt, |word| self.inside_word(word))? else {
            return Ok(None);
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let finished = self.exec_within(AT_ONCE, &words)?;
        Ok(Some((Attempted::of(&finished)?, finished.stdout)))
    }

    /// Makes attempts as the agent: each by a command of its own, or in as few as can be where a command takes seconds to
    /// begin.
    pub(super) fn inside_all(&self, attempts: &[Attempt]) -> Result<Vec<Option<(Attempted, String)>>> {
        if !self.wall.is_slow() {
            let each = |attempt: &Attempt| self.inside(attempt).context(attempt.name);
            return attempts.iter().map(each).collect();
        }
        // One that aims at its own parent has none of the shell's then.
        let is_alone = |attempt: &Attempt| attempt.words.iter().any(|word| word.contains("parent"));
        let mut words = Vec::new();
        for attempt in attempts.iter().filter(|attempt| !is_alone(attempt)) {
            words.push(self.words(attempt, |word| self.inside_word(word))?);
        }
        let possible: Vec<Vec<String>> = words.iter().flatten().cloned().collect();
        let finished = self.exec_within(TOGETHER, &["bash", "-c", &batch::script(&possible)])?;
        let ended = batch::read(&finished.stdout, possible.len()).with_context(|| format!("{finished:?}"))?;
        let (mut ended, mut words) = (ended.into_iter(), words.into_iter());
        let each = |attempt: &Attempt| match is_alone(attempt) {
            true => self.inside(attempt).context(attempt.name),
            false => Ok(words.next().flatten().and_then(|_| ended.next())),
        };
        attempts.iter().map(each).collect()
    }

    /// Makes the same attempt without walls.
    pub(super) fn outside(&self, attempt: &Attempt, beside: Beside) -> Result<Option<(Attempted, String)>> {
        let here = |word: &str| match word {
            "{relay}" => Some("./relay"),
            "{mount}" => Some("/mnt"),
            _ => None,
        };
        let Some(words) = self.words(attempt, here)? else {
            return Ok(None);
        };
        let finished = self.twin.run(beside, &words)?;
        Ok(Some((Attempted::of(&finished)?, finished.stdout)))
    }

    fn inside_word(&self, word: &str) -> Option<&'static str> {
        match word {
            "{relay}" => Some(self.wall.relay()),
            "{mount}" => Some(self.wall.mount()),
            "{first}" => Some("1"),
            _ => None,
        }
    }

    fn words<'a>(
        &self,
        attempt: &Attempt,
        here: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Option<Vec<String>>> {
        let mut words = vec![PROGRAM.to_owned()];
        for word in attempt.words {
            let value = match (word.starts_with('{'), here(word)) {
                (false, _) => Some((*word).to_owned()),
                (true, Some(value)) => Some(value.to_owned()),
                (true, None) => self.ground.value(word)?,
            };
            match value {
                Some(value) => words.push(value),
                None => return Ok(None),
            }
        }
        Ok(Some(words))
    }

    /// Runs a command beside the agent, as a user would.
    pub fn exec_within(&self, limit: Duration, argv: &[&str]) -> Result<Finished> {
        self.stage
            .run(&[&["exec", &self.label, "--"], argv].concat(), limit)
    }

    /// Runs a line of shell beside the agent.
    pub fn shell(&self, line: &str) -> Result<Finished> {
        self.exec_within(LIMIT, &["bash", "-c", line])
    }

    /// Runs a line of shell on the host, in a folder with the program of attempts and the command's variables.
    pub fn shell_outside(&self, line: &str) -> Result<Finished> {
        let variable = format!("{}={}", VARIABLE.0, VARIABLE.1);
        let words = ["env", &variable, "bash", "-c", line].map(str::to_owned);
        self.twin.run(Beside::Apart, &words)
    }

    /// Ends the bottle as whoever sits before it would, and waits until the command has settled it.
    pub fn end(&mut self) -> Result<()> {
        let Some(running) = self.running.take() else {
            return Ok(());
        };
        running.signal(Signal::TERM)?;
        running.wait(LIMIT).map(drop)
    }

    /// The folder of the twin.
    #[must_use]
    pub fn yard(&self) -> PathBuf {
        yard(&self.stage)
    }

    /// What the host's variable holds.
    #[must_use]
    pub fn secret(&self) -> &'static str {
        VARIABLE.1
    }

    /// What a word in braces stands for.
    pub fn value(&self, word: &str) -> Result<String> {
        let value = self.ground.value(word)?;
        value.with_context(|| format!("this host has no {word}"))
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("the bottle {} may be left over: {error:#}", self.label);
        }
    }
}

fn yard(stage: &Stage) -> PathBuf {
    stage.home().join("yard")
}

fn stage_or_skip(wall: Wall, test: &str) -> Result<Option<Stage>> {
    match wall {
        Wall::Docker => Engine::connect_or_skip(test)?.map(Stage::with_engine).transpose(),
        Wall::Native => native_or_skip(test, Who::Caller),
        Wall::Machine => machine_or_skip(test),
        Wall::Ordinary if geteuid().is_root() => native_or_skip(test, Who::Somebody),
        // Then this is what the other tests show.
        Wall::Ordinary => {
            skip(test, Reason::Impossible("root, to become an ordinary user"))?;
            Ok(None)
        }
    }
}
