//! The program that tries to get out of a guest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::programs;
use super::running::Finished;
use super::skip::{Reason, skip};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// It got through.
    Through,
    /// It was refused, or ended for trying.
    Refused,
    /// The kernel does not know how.
    UnknownHere,
}

impl Attempted {
    /// Reads how the program ended.
    pub fn of(finished: &Finished) -> Result<Self> {
        match finished.status {
            0 => Ok(Self::Through),
            1 => Ok(Self::Refused),
            // Ended by a filter of system calls (SIGSYS).
            159 => Ok(Self::Refused),
            3 => Ok(Self::UnknownHere),
            _ => bail!("the attempt was not made: {finished:?}"),
        }
    }
}

/// The program, linked statically so that it runs in any guest; without a C compiler the test is skipped.
pub fn attempt_program(test: &str) -> Result<Option<Vec<u8>>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/attempt.c");
    let program = place()?;
    if !is_newer(&program, &source)? && !compile(&source, &program)? {
        skip(test, Reason::Missing("a C compiler (cc) with a static C library"))?;
        return Ok(None);
    }
    Ok(Some(fs::read(program)?))
}

fn place() -> Result<PathBuf> {
    let folder = programs::profile_folder()?.join("guest");
    fs::create_dir_all(&folder)?;
    Ok(folder.join("attempt"))
}

fn is_newer(program: &Path, source: &Path) -> Result<bool> {
    let source = fs::metadata(source)
        .with_context(|| format!("there is no {}", source.display()))?
        .modified()?;
    Ok(fs::metadata(program)
        .and_then(|program| program.modified())
        .is_ok_and(|made| made > source))
}

/// Several tests may do this at once, so that the result takes its place in one step.
fn compile(source: &Path, program: &Path) -> Result<bool> {
    let folder = program.parent().context("the program lies in no folder")?;
    let fresh = tempfile::Builder::new().tempfile_in(folder)?.into_temp_path();
    let compiled = Command::new("cc")
        .args(["-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&fresh)
        .arg(source)
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
