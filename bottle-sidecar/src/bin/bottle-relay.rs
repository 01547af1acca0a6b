//! The relay: see `bottle_sidecar::relay`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match bottle_sidecar::relay::parse(std::env::args_os().skip(1)) {
        Ok(command) => command.run(),
        Err(error) => {
            eprintln!("relay: {error}");
            ExitCode::from(bottle_sidecar::relay::EXIT_USAGE)
        }
    }
}
