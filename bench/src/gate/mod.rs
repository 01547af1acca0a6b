//! git through the gate, beside git without one and beside gates of another design.

mod http_backend;
mod others;
mod remote;
mod report;
mod repositories;
mod sshd;
mod stage;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::tools::Tools;
use remote::Way;
use repositories::Repositories;
use sshd::Sshd;
use stage::Stage;

/// What is to be measured.
pub(crate) struct Plan {
    /// How often everything is done; nothing is measured with 0.
    pub(crate) rounds: usize,
}

/// What was found out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Gates {
    measured: Vec<Measured>,
    /// The bytes of the repository that is cloned.
    large: u64,
    skipped: Vec<String>,
}

/// One way to an upstream: the direct one is the first, the gate the second.
#[derive(Debug, Serialize)]
struct Measured {
    name: &'static str,
    version: String,
    loads: Vec<Load>,
}

/// All that was measured of one piece of work.
#[derive(Debug, Serialize)]
struct Load {
    work: Work,
    samples: Vec<Sample>,
}

/// What one run took.
#[derive(Debug, Clone, Copy, Serialize)]
struct Sample {
    seconds: f64,
    /// Processor time of client, gate and upstream together, in seconds.
    cpu: f64,
}

/// What git is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Work {
    /// A new branch with so many commits that the upstream does not have.
    Push(usize),
    /// All of a large repository, which a gate has seen before.
    Clone,
    /// The same from a gate that has just begun.
    FirstClone,
}

impl Work {
    const ALL: [Self; 5] = [
        Self::Push(1),
        Self::Push(1_000),
        Self::Push(10_000),
        Self::Clone,
        Self::FirstClone,
    ];

    fn title(self) -> String {
        match self {
            Self::Push(1) => "push of 1 commit".to_owned(),
            Self::Push(commits) => format!("push of {commits} commits"),
            Self::Clone => "clone".to_owned(),
            Self::FirstClone => "clone, empty mirror".to_owned(),
        }
    }
}

/// Does everything in every way that is there, or can be fetched.
pub(crate) fn measure(plan: &Plan, tools: &Tools) -> Result<Gates> {
    let mut gates = Gates::default();
    if plan.rounds == 0 {
        return Ok(gates);
    }
    if let Err(error) = gates.measure(plan.rounds, tools) {
        eprintln!("SKIPPED the git gate: {error:#}");
        gates.skipped.push(format!("{error:#}"));
    }
    Ok(gates)
}

impl Gates {
    fn measure(&mut self, rounds: usize, tools: &Tools) -> Result<()> {
        let sshd = Sshd::start()?;
        let mut ways = Vec::new();
        for find in Way::ALL {
            match find(tools) {
                Ok(way) => ways.push(way),
                Err(error) => self.skipped.push(format!("{error:#}")),
            }
        }
        eprintln!("making repositories");
        let repositories = Repositories::make()?;
        self.large = repositories.large_bytes()?;
        for way in std::mem::take(&mut ways) {
            let stage = Stage::set(&repositories, &sshd, &way, Work::Push(1))?;
            if way.is_gate() && stage.passes_a_secret()? {
                ensure!(!way.fills_by_itself(), "the gate lets a secret pass");
                self.skipped.push(format!("{} lets a secret pass", way.name));
            } else {
                ways.push(way);
            }
        }
        self.measured = ways.iter().map(Measured::of).collect();
        for round in 0..rounds {
            for work in Work::ALL {
                // Another one begins each time.
                for turn in 0..ways.len() {
                    let number = (turn + round) % ways.len();
                    if let (Some(way), Some(measured)) = (ways.get(number), self.measured.get_mut(number)) {
                        measured.add(work, way, &repositories, &sshd)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Measured {
    fn of(way: &Way) -> Self {
        let load = |work| Load {
            work,
            samples: Vec::new(),
        };
        Self {
            name: way.name,
            version: way.version.clone(),
            loads: Work::ALL.map(load).into(),
        }
    }

    fn add(&mut self, work: Work, way: &Way, repositories: &Repositories, sshd: &Sshd) -> Result<()> {
        if work == Work::FirstClone && !way.fills_by_itself() {
            return Ok(());
        }
        let what = || format!("{}: {}", way.name, work.title());
        eprintln!("{}", what());
        let stage = Stage::set(repositories, sshd, way, work).with_context(what)?;
        let (before, start) = (stage.processor_time()?, Instant::now());
        stage.run(work).with_context(what)?;
        let seconds = start.elapsed().as_secs_f64();
        let cpu = stage.processor_time()? - before;
        stage.check(work).with_context(what)?;
        if let Some(load) = self.loads.iter_mut().find(|load| load.work == work) {
            load.samples.push(Sample { seconds, cpu });
        }
        Ok(())
    }
}
