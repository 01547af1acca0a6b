//! Makes attempts and counts how they ended.

use anyhow::{Context, Result, ensure};

use super::attempt::{Attempt, Beside};
use super::cell::Cell;
use super::program::Attempted;
use super::wall::Wall;
use crate::harness::{Reason, skip};

/// How many attempts ended how.
#[derive(Debug, Default)]
struct Report {
    /// Refused inside.
    blocked: usize,
    /// Of those, the ones that work without walls.
    shown: usize,
    /// What cannot be shown to work here, and why.
    unshown: Vec<String>,
    /// What gets through, or fails without walls too.
    failures: Vec<String>,
}

/// Makes sure that each attempt fails inside, and that it is the bottle that makes it fail.
pub fn check(wall: Wall, test: &'static str, attempts: &[Attempt]) -> Result<()> {
    let Some(cell) = Cell::build_or_skip(wall, test)? else {
        return Ok(());
    };
    let mut report = Report::default();
    for (attempt, inside) in attempts.iter().zip(cell.inside_all(attempts)?) {
        report.take(&cell, attempt, inside).context(attempt.name)?;
    }
    report.told(&cell, test)
}

/// What the program of attempts says outside, where a kernel cannot refuse a signal to a process of the same user.
const NO_SCOPE: &str = "signals have no scope on this kernel";

/// Tells whether only a newer kernel could hold this back from an agent who is the host's user.
fn without_scope(cell: &Cell, attempt: &Attempt) -> Result<bool> {
    if !cell.wall.shares_a_user() || matches!(attempt.twin, Beside::Nowhere(_)) {
        return Ok(false);
    }
    let outside = cell.outside(attempt, attempt.twin)?;
    Ok(outside.is_some_and(|(_, said)| said.contains(NO_SCOPE)))
}

impl Report {
    /// Says what was found; it is an error when something gets through.
    fn told(self, cell: &Cell, test: &str) -> Result<()> {
        let wall = cell.wall;
        eprintln!(
            "{test} on {wall:?}: {} attempts blocked, {} of them shown to work without walls, {} not possible here",
            self.blocked,
            self.shown,
            self.unshown.len()
        );
        for unshown in &self.unshown {
            skip(&format!("{test} on {wall:?}"), Reason::Impossible(unshown))?;
        }
        ensure!(
            self.failures.is_empty(),
            "on {wall:?}:\n{}",
            self.failures.join("\n")
        );
        Ok(())
    }

    /// Takes down how an attempt ended inside, and makes it without walls.
    fn take(&mut self, cell: &Cell, attempt: &Attempt, inside: Option<(Attempted, String)>) -> Result<()> {
        let name = attempt.name;
        match inside {
            Some((Attempted::Through, said)) => {
                let said = said.trim();
                match without_scope(cell, attempt)? {
                    true => self.unshown.push(format!("{name}: {NO_SCOPE}")),
                    false => self.failures.push(format!("{name}: gets through ({said})")),
                }
                return Ok(());
            }
            Some(_) => self.blocked += 1,
            None => {
                self.unshown
                    .push(format!("{name}: what it aims at cannot be put on this host"));
                return Ok(());
            }
        }
        if let Beside::Nowhere(reason) = attempt.twin {
            self.unshown.push(format!("{name}: {reason}"));
            return Ok(());
        }
        match cell.outside(attempt, attempt.twin)? {
            Some((Attempted::Through, _)) => self.shown += 1,
            Some((Attempted::UnknownHere, said)) => {
                let said = said.trim();
                self.unshown
                    .push(format!("{name}: not even without walls ({said})"));
            }
            Some((Attempted::Refused, said)) => {
                let said = said.trim();
                self.failures.push(format!(
                    "{name}: fails without walls too ({said}), so that its failure inside says nothing"
                ));
            }
            None => self
                .unshown
                .push(format!("{name}: what it aims at cannot be put on this host")),
        }
        Ok(())
    }
}
