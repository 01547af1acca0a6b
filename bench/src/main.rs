//! Measures what a bottle costs, side by side with what else there is, in one run.

mod backends;
mod certificates;
mod client;
mod command_line;
mod engine;
mod forwarder;
mod gate;
mod guests;
mod inbox;
mod load;
mod part;
mod proxies;
mod report;
mod scanning;
mod scenario;
mod scene;
mod server;
mod start;
mod summary;
mod tools;
mod traffic;
mod upstream;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::command_line::CommandLine;

fn main() -> ExitCode {
    match CommandLine::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
