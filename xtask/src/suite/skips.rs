//! What tests did not check here, told by the tests themselves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::report::Note;
use crate::machine::Machine;

/// A file to which a test that cannot run here appends one line: its name and the reason.
#[derive(Debug)]
pub(super) struct SkipLog {
    file: PathBuf,
}

impl SkipLog {
    /// The environment variable through which tests learn the file's name.
    pub(super) const VARIABLE: &'static str = "BOTTLE_SKIP_LOG";

    pub(super) fn fresh(machine: &Machine) -> Result<Self> {
        fs::create_dir_all(machine.target())?;
        let file = machine.target().join("skipped-tests.log");
        fs::write(&file, "")?;
        Ok(Self { file })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn notes(&self) -> Result<Vec<Note>> {
        let lines = fs::read_to_string(&self.file)?;
        Ok(lines.lines().map(Note::of_test).collect())
    }
}
