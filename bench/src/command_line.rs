//! What can be asked for, and the parts that run in processes of their own.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::report::Report;
use crate::tools::Tools;
use crate::{forwarder, gate, guests, inbox, load, scanning, start, traffic, upstream};

/// Measures what a bottle costs, side by side with what else there is, in one run
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask bench",
    bin_name = "cargo xtask bench",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Args)]
struct Options {
    /// How often everything is measured; what is printed are medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each proxy is under load in each round, in seconds
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// How often a bottle is started
    #[arg(long, default_value_t = 10)]
    starts: usize,
    /// How often each scanner of secrets reads all files
    #[arg(long, default_value_t = 3)]
    scans: usize,
    /// How often each way to push and clone is taken
    #[arg(long, default_value_t = 3)]
    gate: usize,
    /// How many bottles without an engine are started until all are there at once
    #[arg(long, default_value_t = 100)]
    many: usize,
    /// How many bottles, with fifty questions each, the inbox is opened over
    #[arg(long, default_value_t = 50)]
    inboxes: usize,
    /// The socket of the Docker Engine
    #[arg(long, value_name = "SOCKET", default_value = "/var/run/docker.sock")]
    docker_socket: PathBuf,
    /// Leaves this proxy out (and may be given several times)
    #[arg(long, value_name = "PROXY")]
    without: Vec<String>,
    /// Writes all figures to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where programs to compare with lie; what is missing is fetched into it. Without it nothing is fetched
    #[arg(long, value_name = "DIR")]
    tools: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The server behind all proxies
    #[command(hide = true)]
    Upstream(upstream::Options),
    /// The bare forwarder
    #[command(hide = true)]
    Forwarder(forwarder::Options),
    /// The clients
    #[command(hide = true)]
    Load(load::Options),
}

impl CommandLine {
    /// Measures, or is one of the parts.
    pub(crate) fn run(self) -> Result<()> {
        match self.part {
            None => self.options.run(),
            Some(Part::Upstream(options)) => upstream::run(&options),
            Some(Part::Forwarder(options)) => forwarder::run(&options),
            Some(Part::Load(options)) => load::run(&options),
        }
    }
}

impl Options {
    fn run(self) -> Result<()> {
        let tools = Tools { folder: self.tools };
        let plan = traffic::Plan {
            rounds: self.rounds,
            seconds: self.seconds.max(0.1),
            without: self.without,
        };
        let starts = start::Plan {
            rounds: self.starts,
            docker_socket: self.docker_socket.clone(),
        };
        let guests = guests::Plan {
            rounds: self.starts,
            many: self.many,
            docker_socket: self.docker_socket.clone(),
        };
        let inbox = inbox::Plan {
            bottles: self.inboxes,
            docker_socket: self.docker_socket,
        };
        let report = Report {
            traffic: traffic::measure(&plan, &tools)?,
            start: start::measure(&starts)?,
            scanning: scanning::measure(&scanning::Plan { rounds: self.scans }, &tools)?,
            guests: guests::measure(&guests, &tools)?,
            gate: gate::measure(&gate::Plan { rounds: self.gate }, &tools)?,
            inbox: inbox::measure(&inbox)?,
        };
        print!("{report}");
        if let Some(file) = self.json {
            let text = serde_json::to_string_pretty(&report)?;
            fs::write(&file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}
