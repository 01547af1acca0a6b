//! The process inside a guest that connects loopback ports to the doors.
//!
//! Whoever is inside may talk to a door's socket directly, so nothing depends on this process being honest: it holds
//! no secret and decides nothing. It retries nothing either: a door that is not there closes the connection, and one that
//! ends while its client waits for a person is answered for.

mod answering;
mod arguments;
mod end;
mod exec;
mod network;
mod pump;
mod self_check;
mod serve;
mod transparent;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use bottle_guest::{close_machine, demote, name_machine};
use bottle_plan::door::Door;

use crate::chain::chain;
pub use arguments::{Become, Machine, Pair, RelayCommand, UsageError, Watch, parse};
pub use end::end;
pub use exec::{ExecError, exec};
pub use self_check::{Expected, Probe, self_check};
pub use serve::{BindError, End, MOST_CONNECTIONS_PER_PORT, Relay, run};

/// The exit status when a port cannot be bound, or a self-check found something.
pub const EXIT_FAILED: u8 = 1;
/// The exit status for arguments that are not understood.
pub const EXIT_USAGE: u8 = 2;
/// The exit status when an interface or a route appeared.
pub const EXIT_NETWORK: u8 = 3;

/// This very program, whatever the guest's image holds.
const THIS_PROGRAM: &str = "/proc/self/exe";

impl RelayCommand {
    /// Does what the arguments say and returns the exit status.
    pub fn run(self) -> ExitCode {
        match self {
            Self::Serve {
                pairs,
                transparent,
                watch,
                root_of,
                report,
            } => match root_of.as_ref().map_or(Ok(()), settle) {
                Ok(()) => serve_until_end(&pairs, transparent.as_deref(), &watch, report.as_deref()),
                Err(error) => {
                    eprintln!("relay: cannot close the machine: {error}");
                    ExitCode::from(EXIT_FAILED)
                }
            },
            Self::SelfCheck {
                pairs,
                transparent,
                allowed,
                own_kernel,
                patience,
            } => {
                let expected = Expected {
                    pairs: &pairs,
                    transparent,
                    allowed: &allowed,
                    own_kernel,
                    patience,
                };
                print_check(&self_check(&expected, Path::new(THIS_PROGRAM)))
            }
            Self::Pack { path } => copied(bottle_guest::write_tar(&path, io::stdout().lock())),
            Self::Unpack => copied(bottle_guest::read_tar(io::stdin().lock())),
            Self::Exec { cwd, size, who, argv } => {
                let error = exec(&cwd, size, who.as_ref(), &argv);
                eprintln!("relay: {}", chain(&error));
                ExitCode::from(error.exit_status())
            }
            Self::End { mark } => match end(&mark) {
                true => ExitCode::SUCCESS,
                false => ExitCode::from(EXIT_FAILED),
            },
            Self::Probe(probe) => {
                for line in probe.run() {
                    println!("{line}");
                }
                ExitCode::SUCCESS
            }
        }
    }
}

/// Root of a machine names it, closes what no guest has, and gives itself up.
fn settle(machine: &Machine) -> io::Result<()> {
    name_machine(&machine.name, &Door::ALL.map(Door::name))?;
    close_machine()?;
    demote(machine.user)
}

fn copied(done: io::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relay: {error}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn serve_until_end(
    pairs: &[Pair],
    transparent: Option<&Path>,
    watch: &Watch,
    report: Option<&[OsString]>,
) -> ExitCode {
    let started = || report.map_or(Ok(()), check_in_background);
    match run(pairs, transparent, watch, started) {
        Ok(End::Terminated) => ExitCode::SUCCESS,
        Ok(End::Network(found)) => {
            eprintln!("relay: this guest has a network: {}", found.join(", "));
            ExitCode::from(EXIT_NETWORK)
        }
        Err(error) => {
            eprintln!("relay: {}", chain(&error));
            ExitCode::from(EXIT_FAILED)
        }
    }
}

/// Runs a self-check whose report goes to the relay's own output.
fn check_in_background(arguments: &[OsString]) -> io::Result<()> {
    // The relay collects all children.
    let _child = Command::new(THIS_PROGRAM)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()?;
    Ok(())
}

fn print_check(check: &bottle_wire::check::SelfCheck) -> ExitCode {
    let printed = serde_json::to_string(check)
        .map_err(io::Error::other)
        .and_then(|line| writeln!(io::stdout(), "{line}"));
    match printed.is_ok() && check.ok {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_FAILED),
    }
}
