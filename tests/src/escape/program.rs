//! The program that tries to get out of a guest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::harness::{Finished, Reason, profile_folder, skip};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// It got through.
    Through,
    /// It was refused, or ended for trying.
    Refused,
    /// This machine does not have what it takes.
    UnknownHere,
}

impl Attempted {
    /// Reads how the program ended.
    pub fn of(finished: &Finished) -> Result<Self> {
        Self::of_status(finished.status).with_context(|| format!("the attempt was not made: {finished:?}"))
    }

    /// Reads the program's exit status; none when it says nothing about an attempt.
    pub(super) fn of_status(status: i32) -> Option<Self> {
        match status {
            0 => Some(Self::Through),
            1 => Some(Self::Refused),
            // Ended by a filter of system calls (SIGSYS).
            159 => Some(Self::Refused),
            // Ended for a way into the kernel that this one does not have (SIGSEGV): `int 0x80` without 32-bit programs.
            139 => Some(Self::Refused),
            3 => Some(Self::UnknownHere),
            _ => None,
        }
    }
}

/// Makes the program, linked statically so that it runs in any guest, and returns where it lies; without a C compiler
/// the test is skipped.
pub fn attempt_program(test: &str) -> Result<Option<PathBuf>> {
    let sources = sources()?;
    let program = place()?;
    if !is_newer(&program, &sources)? && !compile(&sources, &program)? {
        skip(test, Reason::Missing("a C compiler (cc) with a static C library"))?;
        return Ok(None);
    }
    Ok(Some(program))
}

fn sources() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest");
    let entries = fs::read_dir(&folder).with_context(|| format!("there is no {}", folder.display()))?;
    let files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    Ok(files)
}

fn place() -> Result<PathBuf> {
    let folder = profile_folder()?.join("guest");
    fs::create_dir_all(&folder)?;
    Ok(folder.join("attempt"))
}

fn is_newer(program: &Path, sources: &[PathBuf]) -> Result<bool> {
    let changed: Vec<SystemTime> = sources
        .iter()
        .map(|source| Ok(fs::metadata(source)?.modified()?))
        .collect::<Result<_>>()?;
    let made = fs::metadata(program).and_then(|program| program.modified());
    Ok(made.is_ok_and(|made| changed.iter().all(|changed| made > *changed)))
}

/// Several tests may do this at once, so that the result takes its place in one step.
fn compile(sources: &[PathBuf], program: &Path) -> Result<bool> {
    let folder = program.parent().context("the program lies in no folder")?;
    let fresh = tempfile::Builder::new().tempfile_in(folder)?.into_temp_path();
    let is_code = |source: &&PathBuf| source.extension().is_some_and(|kind| kind == "c");
    let compiled = Command::new("cc")
        .args(["-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&fresh)
        .args(sources.iter().filter(is_code))
        .output();
    let Ok(compiled) = compiled else { return Ok(false) };
    let complaint = String::from_utf8_lossy(&compiled.stderr);
    if complaint.contains("cannot find -lc") {
        return Ok(false);
    }
    ensure!(compiled.status.success(), "cc: {complaint}");
    fresh.persist(program)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_attempts_is_made() -> Result<()> {
        match attempt_program("the_program_of_attempts_is_made")? {
            Some(program) => ensure!(program.is_file(), "{}", program.display()),
            None => eprintln!("it is made of C"),
        }
        Ok(())
    }
}
