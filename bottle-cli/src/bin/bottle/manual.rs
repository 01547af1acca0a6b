//! Completions and manual pages, made from the command line's own description.

use std::path::Path;

use bottle_cli::exit::Exit;
use clap::CommandFactory;

use crate::args::CommandLine;
use crate::output;
use crate::report::Failure;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "bottle", &mut script);
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

pub(crate) fn pages(folder: &Path) -> Result<u8, Failure> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(CommandLine::command(), folder))
        .map_err(|error| {
            let words = format!("cannot write to {}: {error}", folder.display());
            Failure::words(Exit::CannotCreate, words)
        })?;
    Ok(0)
}
