//! The `bottle` command: reads the command line and the host once, and hands both to a command.

mod args;
mod ask;
mod choose;
mod cleanup;
mod doctor;
mod exec;
mod host;
mod info;
mod init;
mod interrupt;
mod list;
mod log;
mod manual;
mod output;
mod picker;
mod preflight;
mod progress;
mod pull;
mod report;
mod resume;
mod start;
mod stop;
mod supervise;
mod terminal;

use std::process::ExitCode;

use args::{Command, CommandLine};
use clap::Parser;
use report::Failure;

fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return report::usage(&error),
    };
    output::log_to_stderr(line.verbose);
    match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let ended = report::end(runtime.block_on(run(line)));
            // A thread that still reads the terminal, or a stream that an agent made endless, must not hold us.
            runtime.shutdown_background();
            ended
        }
        Err(error) => report::end(Err(Failure::internal(error))),
    }
}

async fn run(line: CommandLine) -> Result<u8, Failure> {
    let host = host::read(line.sidecar_dir)?;
    match line.command {
        Command::Start(args) => start::run(&host, args).await,
        Command::Resume(args) => resume::run(&host, args).await,
        Command::List(args) => list::run(&host, &args).await,
        Command::Info(args) => info::run(&host, &args),
        Command::Init => init::run(&host),
        Command::Exec(args) => exec::run(&host, args).await,
        Command::Stop(args) => stop::run(&host, &args).await,
        Command::Pull(args) => pull::run(&host, args).await,
        Command::Cleanup(args) => cleanup::run(&host, &args).await,
        Command::Doctor(args) => doctor::run(&host, &args).await,
        Command::Log(args) => log::run(&host, &args).await,
        Command::Supervise(args) => supervise::run(&host, args).await,
        Command::Completions { shell } => manual::completions(shell),
        Command::Manual { folder } => manual::pages(&folder),
    }
}
