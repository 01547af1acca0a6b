//! What it costs to look at what many agents ask: the inbox over running bottles, beside one exec for each of them.

mod bottles;
mod grid;
mod terminal;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::engine::{Container, Engine};
use crate::summary::median;
use bottles::{Bottles, NOTE};
use terminal::Terminal;

/// What is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    /// How many bottles wait; not measured with 0.
    pub(crate) bottles: usize,
    pub(crate) docker_socket: PathBuf,
}

/// What was measured, in seconds.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Inboxes {
    pub(crate) bottles: usize,
    /// Round by round: from the command to the first screen that counts every question.
    pub(crate) opened: Vec<f64>,
    /// Round by round: from the command until what every bottle itself answered is on the screen.
    pub(crate) asked: Vec<f64>,
    /// Round by round: until one `true` was executed in a container for each bottle, one after the other.
    pub(crate) execs: Vec<f64>,
    /// Key after key: from the key to the screen that it asks for, while all bottles are asked anew.
    pub(crate) keys: Vec<f64>,
    /// Why something was not measured.
    pub(crate) skipped: Vec<String>,
}

/// The open questions of each bottle.
const QUESTIONS: usize = 50;
const ROUNDS: usize = 5;
/// How often a question is opened and left again in each round.
const LOOKS: usize = 20;
/// An image that is there wherever bottles are built.
const IMAGE: &str = "debian:bookworm-slim";

/// Measures, or says what cannot be measured here.
pub(crate) fn measure(plan: &Plan) -> Result<Inboxes> {
    let mut inboxes = Inboxes {
        bottles: plan.bottles,
        ..Inboxes::default()
    };
    if plan.bottles == 0 {
        return Ok(inboxes);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let bottles = runtime.block_on(Bottles::start(plan.bottles, QUESTIONS))?;
    let engine = Engine::connect(&plan.docker_socket);
    let container = match &engine {
        Ok(engine) => engine.start(IMAGE, &["sleep", "600"], "none").map(Some),
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    let container = container.unwrap_or_else(|error| {
        eprintln!("SKIPPED execs beside the inbox: {error:#}");
        inboxes.skipped.push(format!("execs beside the inbox: {error:#}"));
        None
    });
    let measured = inboxes.rounds(plan.bottles, &bottles, container.as_ref());
    drop(container);
    // Whatever went wrong, no bottle stays.
    runtime.block_on(bottles.end())?;
    measured.map(|()| inboxes)
}

/// What one opened inbox took.
struct Look {
    opened: f64,
    asked: f64,
    keys: Vec<f64>,
}

/// Opens the inbox as a user does, and presses keys.
fn look(bottles: &Bottles, questions: usize) -> Result<Look> {
    let program = std::env::current_exe()?.with_file_name("bottle");
    ensure!(program.is_file(), "{} is missing", program.display());
    let mut terminal = Terminal::start(&program, bottles.home())?;
    let opened = terminal.wait_for(&format!("{questions} open"))?;
    let asked = terminal.wait_for(NOTE)?;
    let mut keys = Vec::new();
    for _ in 0..LOOKS {
        for (key, shown) in [
            ("\r", "in its own words"),
            ("\x1b", "Enter look"),
            ("j", "Enter look"),
        ] {
            terminal.press(key)?;
            let took = terminal
                .wait_for(shown)
                .with_context(|| format!("after {key:?}"))?;
            // What is on the screen already after `j` says nothing.
            if key != "j" {
                keys.push(took);
            }
        }
    }
    terminal.press("q")?;
    terminal.end()?;
    Ok(Look { opened, asked, keys })
}

impl Inboxes {
    fn rounds(&mut self, count: usize, bottles: &Bottles, container: Option<&Container<'_>>) -> Result<()> {
        for round in 0..=ROUNDS {
            eprintln!("inbox {round} of {ROUNDS}");
            let look = look(bottles, count * QUESTIONS)?;
            let execs = container.map(|container| {
                let begin = Instant::now();
                (0..count).try_for_each(|_| container.exec(&["true"]))?;
                Ok::<_, anyhow::Error>(begin.elapsed().as_secs_f64())
            });
            // The first of each is not counted: it fills caches.
            if round > 0 {
                self.opened.push(look.opened);
                self.asked.push(look.asked);
                self.execs.extend(execs.transpose()?);
                self.keys.extend(look.keys);
            }
        }
        Ok(())
    }

    /// Which part of the execs' time one of ours takes: the median over rounds.
    pub(crate) fn ratio(&self, ours: &[f64]) -> Option<f64> {
        median(ours.iter().zip(&self.execs).map(|(ours, execs)| ours / execs))
    }
}
