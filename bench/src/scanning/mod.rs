//! Scanners of secrets side by side: ours and others' read the same files, on one core.

mod compare;
mod files;
mod measure;
mod report;
mod scanners;

use anyhow::Result;
use serde::Serialize;

use crate::tools::Tools;
use files::{Folders, Workload};
use measure::Run;
use scanners::Scanner;

/// What is to be measured.
pub(crate) struct Plan {
    /// How often each scanner reads everything; nothing is measured with 0.
    pub(crate) rounds: usize,
}

/// What was found out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Scanning {
    scanners: Vec<Measured>,
    sizes: Vec<(Workload, usize)>,
    skipped: Vec<String>,
}

/// One scanner: our own is the first.
#[derive(Debug, Serialize)]
struct Measured {
    name: &'static str,
    version: String,
    loads: Vec<Load>,
}

/// All that a scanner did with one kind of files.
#[derive(Debug, Serialize)]
struct Load {
    workload: Workload,
    runs: Vec<Run>,
    hits: Vec<Hit>,
}

/// A place where a scanner found something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Hit {
    file: String,
    line: u64,
    rule: String,
}

/// Lets every scanner that is there, or can be fetched, read the same files.
pub(crate) fn measure(plan: &Plan, tools: &Tools) -> Result<Scanning> {
    let mut scanning = Scanning::default();
    if plan.rounds == 0 {
        return Ok(scanning);
    }
    let folders = Folders::fill()?;
    scanning.sizes = folders.sizes()?;
    scanning.skipped.extend(folders.missing());
    let mut scanners = Vec::new();
    for find in Scanner::ALL {
        match find(tools) {
            Ok(scanner) => scanners.push(scanner),
            Err(error) => scanning.skipped.push(format!("{error:#}")),
        }
    }
    scanning.scanners = scanners.iter().map(Measured::of).collect();
    // The first start compiles rules where a scanner keeps them compiled; it is not counted.
    for scanner in &scanners {
        Measured::of(scanner).add(Workload::Start, scanner, &folders)?;
    }
    for round in 0..plan.rounds {
        for workload in Workload::ALL {
            // Another one begins each time.
            for turn in 0..scanners.len() {
                let number = (turn + round) % scanners.len();
                if let (Some(scanner), Some(measured)) =
                    (scanners.get(number), scanning.scanners.get_mut(number))
                {
                    eprintln!("{}: {}", scanner.name, workload.title());
                    measured.add(workload, scanner, &folders)?;
                }
            }
        }
    }
    Ok(scanning)
}

impl Measured {
    fn of(scanner: &Scanner) -> Self {
        let load = |workload| Load {
            workload,
            runs: Vec::new(),
            hits: Vec::new(),
        };
        Self {
            name: scanner.name,
            version: scanner.version.clone(),
            loads: Workload::ALL.map(load).into(),
        }
    }

    fn add(&mut self, workload: Workload, scanner: &Scanner, folders: &Folders) -> Result<()> {
        let report = folders.report();
        let run = measure::run(
            scanner.command(&folders.of(workload), &report)?,
            &scanner.kept_output(&report),
        )?;
        let hits = scanner.hits(&report, &folders.of(workload))?;
        if let Some(load) = self.loads.iter_mut().find(|load| load.workload == workload) {
            load.runs.push(run);
            load.hits = hits;
        }
        Ok(())
    }
}
