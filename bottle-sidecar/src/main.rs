//! The sidecar: see `bottle_sidecar`.

mod command_line;
mod egress_options;
mod environment;
mod git_gate_options;
mod scan_options;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        // The engine that keeps these lines dates them; this process has no wall clock of its own.
        .without_time()
        // The protocol's library logs what an agent sends.
        .with_env_filter(tracing_subscriber::EnvFilter::new("info,rmcp=off"))
        .init();
    command_line::CommandLine::parse().run()
}
