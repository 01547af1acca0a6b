//! The arguments of `bottle-sidecar`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use bottle_plan::door::Door;
use bottle_sidecar::init::Layout;
use bottle_sidecar::{ctl, door, init};

use crate::egress_options::EgressOptions;
use crate::git_gate_options::GitGateOptions;
use crate::scan_options::ScanOptions;

/// The trusted side of a bottle's doors
#[derive(Debug, clap::Parser)]
#[command(name = "bottle-sidecar", version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Waits for a boot frame on standard input, then keeps the doors open
    Init(Init),
    /// Carries control frames between standard streams and a running sidecar
    Ctl(Ctl),
    /// Runs the egress proxy alone, for any program
    Egress(EgressOptions),
    /// Runs the git gate alone, for any git
    GitGate(GitGateOptions),
    Scan(ScanOptions),
    /// Starts a guest in Linux namespaces, as it is told on standard input, and stays with it
    Guest(Guest),
    /// Unpacks and reads what was pushed, without network; started by the git gate
    #[command(hide = true)]
    GitWorker {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// One door's process; started by init
    #[command(hide = true)]
    Door {
        name: DoorName,
        /// The folder of the git gate's mirrors
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct Init {
    /// The folder that the guest sees
    #[arg(long, value_name = "DIR", default_value = "/doors")]
    doors: PathBuf,
    #[command(flatten)]
    control: Control,
    /// The folder of the event log
    #[arg(long, value_name = "DIR", default_value = "/events")]
    events: PathBuf,
    /// The folder of the git gate's mirrors; without it there is no git gate
    #[arg(long, value_name = "DIR")]
    git: Option<PathBuf>,
    /// The relay binary for the guest [default: bottle-relay beside this program]
    #[arg(long, value_name = "FILE")]
    relay: Option<PathBuf>,
    /// Shuts itself out of all other files, where it shares a system with others
    #[arg(long)]
    on_host: bool,
}

#[derive(Debug, clap::Args)]
struct Guest {
    /// Only tries what every guest needs, and says what is missing
    #[arg(long)]
    probe: bool,
}

#[derive(Debug, clap::Args)]
struct Control {
    /// The control socket, in a folder of this user alone
    #[arg(long, value_name = "SOCKET", default_value = "/run/bottle/control.sock")]
    control: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Ctl {
    #[command(flatten)]
    control: Control,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DoorName {
    Egress,
    GitGate,
    Supervise,
}

impl CommandLine {
    /// Does what the arguments say and returns the exit status.
    pub(crate) fn run(self) -> ExitCode {
        match self.command {
            Command::Init(options) => options.run(),
            Command::Egress(options) => options.run(),
            Command::GitGate(options) => options.run(),
            Command::GitWorker { words } => bottle_git_gate::worker::run(&words),
            Command::Scan(options) => options.run(),
            Command::Guest(Guest { probe: true }) => report(bottle_guest::probe()),
            Command::Guest(Guest { probe: false }) => report(bottle_guest::keep()),
            Command::Door { name, folder } => {
                let door = match name {
                    DoorName::Egress => Door::Egress,
                    DoorName::GitGate => Door::GitGate,
                    DoorName::Supervise => Door::Supervise,
                };
                door::run(door, folder.as_deref())
            }
            Command::Ctl(Ctl { control }) => match ctl::run(&control.control) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    tracing::error!(%error, socket = %control.control.display(), "no sidecar answers");
                    ExitCode::FAILURE
                }
            },
        }
    }
}

impl Init {
    fn run(self) -> ExitCode {
        let beside = || {
            let program = std::env::current_exe();
            program.map(|program| program.with_file_name("bottle-relay"))
        };
        match self.relay.map_or_else(beside, Ok) {
            Ok(relay) => init::run(&Layout {
                doors: self.doors,
                control: self.control.control,
                events: self.events,
                git: self.git,
                relay,
                on_host: self.on_host,
            }),
            Err(error) => {
                tracing::error!(%error, "this program does not know where it is");
                ExitCode::FAILURE
            }
        }
    }
}

fn report(done: Result<(), impl std::fmt::Display>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
