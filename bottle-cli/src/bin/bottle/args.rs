//! The command line as it is typed. What it means is settled in the commands.

use std::path::PathBuf;
use std::time::Duration;

use bottle_plan::names::{Identity, Label, Name};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Runs a coding agent, unattended and with full permissions, inside a bottle that it cannot change.
#[derive(Debug, Parser)]
#[command(name = "bottle", version, after_help = bottle_cli::exit::HELP, max_term_width = 100)]
pub(crate) struct CommandLine {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The folder with the static bottle-sidecar and bottle-relay
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) sidecar_dir: Option<PathBuf>,
    /// Say more about what happens; twice for more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an agent in a bottle
    Start(StartArgs),
    /// Go on with a preserved bottle
    Resume(ResumeArgs),
    /// List bottles, and the agents and bottle files there are
    List(ListArgs),
    /// Show what an agent would run with
    Info(InfoArgs),
    /// Write a bottle and an agent to begin with
    Init,
    /// Run a command, or a shell, in a running bottle
    Exec(ExecArgs),
    /// End a running bottle as if its agent had ended
    Stop(StopArgs),
    /// Bring an agent's commits home as the branch bottle/IDENTITY, or copy its files
    Pull(PullArgs),
    /// Remove what crashed starts have left behind
    Cleanup(CleanupArgs),
    /// Say which backends can be used, and what to do about those that cannot
    Doctor(DoctorArgs),
    /// Show the decisions of a bottle's doors
    Log(LogArgs),
    /// Answer what agents ask for: an inbox over all bottles
    Supervise(SuperviseArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    #[command(hide = true)]
    Manual {
        /// The folder to write them to
        folder: PathBuf,
    },
}

/// Flags of `bottle start`.
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// The agent; picked from a list when it is not given
    pub(crate) agent: Option<Name>,
    /// A bottle to run it in; several are merged in the order given
    #[arg(long, value_name = "NAME")]
    pub(crate) bottle: Vec<Name>,
    /// Where to run it
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<Name>,
    /// Your own name for the run
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<Label>,
    /// The colour of its title and list line
    #[arg(long, value_name = "COLOR", ignore_case = true)]
    pub(crate) color: Option<ColorName>,
    /// What the agent works on: nothing, a copy of this folder, or this folder itself
    #[arg(long, value_enum, default_value_t = WorkspaceMode::None)]
    pub(crate) workspace: WorkspaceMode,
    /// The same as --workspace copy
    #[arg(long, conflicts_with = "workspace")]
    pub(crate) cwd: bool,
    /// Copy these files too, although git ignores them
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,
    /// End the run after this time, for example 90m; 24h when headless
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) time_limit: Option<Duration>,
    /// Keep the bottle's state even when all went well
    #[arg(long)]
    pub(crate) keep: bool,
    /// Print the plan and stop; needs no engine
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Run unattended with one prompt
    #[arg(long, requires = "prompt")]
    pub(crate) headless: bool,
    /// The prompt of a headless run
    #[arg(long, value_name = "TEXT", requires = "headless", allow_hyphen_values = true)]
    pub(crate) prompt: Option<String>,
    /// Do not ask before starting
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Run an agent file of this repository whose SHA-256 you have checked
    #[arg(long, value_name = "SHA256")]
    pub(crate) trust_agent: Option<String>,
}

impl StartArgs {
    /// Returns how long the run may take; none when it has no limit.
    pub(crate) fn limit(&self) -> Option<Duration> {
        /// How long a headless run may take when nobody says.
        const HEADLESS: Duration = Duration::from_secs(24 * 60 * 60);
        self.time_limit.or(self.headless.then_some(HEADLESS))
    }
}

/// Flags of `bottle resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The bottle; picked from a list when it is not given
    pub(crate) identity: Option<Identity>,
    /// Run unattended with one more prompt
    #[arg(long, requires = "prompt")]
    pub(crate) headless: bool,
    /// The prompt of a headless run
    #[arg(long, value_name = "TEXT", requires = "headless", allow_hyphen_values = true)]
    pub(crate) prompt: Option<String>,
    /// End the run after this time, for example 90m; 24h when headless
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) time_limit: Option<Duration>,
    /// Keep the bottle's state even when all went well
    #[arg(long)]
    pub(crate) keep: bool,
    /// Do not ask before going on
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Run an agent file of its repository whose SHA-256 you have checked
    #[arg(long, value_name = "SHA256")]
    pub(crate) trust_agent: Option<String>,
}

/// Flags of `bottle list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `bottle info`.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// The agent
    pub(crate) agent: Name,
    /// A bottle to look at it in, instead of its own
    #[arg(long, value_name = "NAME")]
    pub(crate) bottle: Vec<Name>,
    /// Print the file and line that set each value
    #[arg(long)]
    pub(crate) origin: bool,
}

/// Flags of `bottle exec`.
#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    /// The bottle
    pub(crate) identity: Identity,
    /// The command; a shell when it is not given
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// Flags of `bottle stop`.
#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// The bottle
    pub(crate) identity: Identity,
    /// Throw the bottle's files away, also those of a preserved bottle
    #[arg(long)]
    pub(crate) discard: bool,
}

/// Flags of `bottle pull`.
#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// The bottle, running or preserved
    pub(crate) identity: Identity,
    /// A folder of the repository to bring the commits to; where the bottle was started when it is not given
    #[arg(value_name = "REPO")]
    pub(crate) repository: Option<PathBuf>,
    /// The branch of the workspace, when it is not the one that is checked out there
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
    /// Copy the workspace's files into this new or empty folder instead, without what belongs to git
    #[arg(long, value_name = "DIR", conflicts_with_all = ["repository", "branch"])]
    pub(crate) files: Option<PathBuf>,
}

/// Flags of `bottle cleanup`.
#[derive(Debug, Args)]
pub(crate) struct CleanupArgs {
    /// Also remove our images that no bottle is made from; a start builds what it needs again
    #[arg(long)]
    pub(crate) images: bool,
    /// Do not ask before removing
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Flags of `bottle doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Try the toolchains of this running bottle: which trust its authority
    #[arg(long, value_name = "BOTTLE")]
    pub(crate) guest: Option<Identity>,
}

/// Flags of `bottle log`.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// The bottle
    pub(crate) identity: Identity,
    /// Print the events as they are kept, one JSON line each
    #[arg(long)]
    pub(crate) json: bool,
    /// Only what was refused
    #[arg(long)]
    pub(crate) refused: bool,
    /// Only say whether the log is what the doors wrote; status 77 and the line's number when it is not
    #[arg(long, conflicts_with_all = ["json", "refused"])]
    pub(crate) verify: bool,
}

/// Flags of `bottle supervise`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SuperviseArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SuperviseCommand>,
    /// Print what waits, once, instead of the full screen
    #[arg(long)]
    pub(crate) once: bool,
    /// The same as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Answers without a terminal.
#[derive(Debug, Subcommand)]
pub(crate) enum SuperviseCommand {
    /// Approve one question, exactly as it was shown
    Approve(ApproveArgs),
    /// Reject one question
    Reject(RejectArgs),
    /// Run a command for each new question, with JSON on its standard input, until interrupted
    Notify(NotifyArgs),
}

/// Flags of `bottle supervise approve`.
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// The question: BOTTLE/NUMBER/HASH, as `bottle supervise --once` shows it
    pub(crate) id: String,
    /// For so many minutes; without this and --bottle, until the first use has ended
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) minutes: Option<u32>,
    /// For as long as the bottle lives
    #[arg(long, conflicts_with = "minutes")]
    pub(crate) bottle: bool,
    /// What the agent is told
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) reason: Option<String>,
}

/// Flags of `bottle supervise reject`.
#[derive(Debug, Args)]
pub(crate) struct RejectArgs {
    /// The question: BOTTLE/NUMBER/HASH, as `bottle supervise --once` shows it
    pub(crate) id: String,
    /// What the agent is told
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) reason: Option<String>,
}

/// Flags of `bottle supervise notify`.
#[derive(Debug, Args)]
pub(crate) struct NotifyArgs {
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// What the agent works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WorkspaceMode {
    /// An empty folder
    None,
    /// A copy of this folder
    Copy,
    /// This folder itself
    Mount,
}

/// A terminal colour, by name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColorName(pub(crate) bottle_plan::spec::Color);

impl std::str::FromStr for ColorName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = serde_json::Value::String(text.to_ascii_lowercase());
        let color = serde_json::from_value(name);
        color.map(Self).map_err(|_| {
            "one of black, red, green, yellow, blue, magenta, cyan, white, or one of these after 'bright-'".to_owned()
        })
    }
}

/// Reads `90s`, `30m`, `24h` or `2d`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a whole number above 0 followed by s, m, h or d, for example 90m".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return Err(wrong()),
    };
    let number: u32 = text
        .strip_suffix(unit)
        .unwrap_or_default()
        .parse()
        .map_err(|_| wrong())?;
    match number {
        0 => Err(wrong()),
        _ => Ok(Duration::from_secs(u64::from(number) * seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }

    #[test]
    fn durations_read_as_people_write_them() {
        assert_eq!(parse_duration("90m"), Ok(Duration::from_secs(5400)));
        for wrong in ["", "m", "0s", "1", "1w", "-1h", "1.5h", "5mm"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
