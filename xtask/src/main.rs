//! The repository's own tasks; `cargo xtask --help` lists them.

mod bench;
mod command_line;
mod demo;
mod dist;
mod elf;
mod engine;
mod fuzz;
mod lab;
mod machine;
mod process;
mod suite;

use std::process::ExitCode;

use clap::Parser;

use crate::command_line::CommandLine;
use crate::machine::Machine;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    match Machine::here().and_then(|machine| command_line.task.run(&machine)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
