//! One target that runs until it has had its processor time, or found something.

use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::targets::Target;
use crate::machine::Machine;
use crate::process;

/// A running target.
pub(super) struct Session {
    label: String,
    child: Child,
    length: Duration,
    log: PathBuf,
}

/// What a target did.
#[derive(Debug)]
pub(super) struct Ran {
    label: String,
    used: Duration,
    length: Duration,
    status: ExitStatus,
    executions: u64,
    inputs: u64,
    log: PathBuf,
}

/// How often the time is looked at.
const GLANCE: Duration = Duration::from_millis(500);
/// What one input may take, in seconds of a machine that does other things too.
const SLOWEST: &str = "-timeout=60";
/// What the target may hold, in megabytes.
const LARGEST: &str = "-rss_limit_mb=2048";
/// Linux counts a process's time in hundredths of a second, for all programs that ask.
const TICKS: f64 = 100.0;

impl Session {
    pub(super) fn start(machine: &Machine, target: &Target, length: Duration) -> Result<Self> {
        let corpus = target.folder.join("corpus").join(&target.name);
        let artifacts = target.folder.join("artifacts").join(&target.name);
        let logs = machine.target().join("fuzz");
        for folder in [&corpus, &artifacts, &logs] {
            fs::create_dir_all(folder)?;
        }
        let log = logs.join(format!("{}.log", target.label().replace('/', "-")));
        let output = File::create(&log)?;
        let built = format!("target/{}-unknown-linux-gnu/release", std::env::consts::ARCH);
        let mut command = Command::new(target.folder.join(built).join(&target.name));
        command
            .arg(&corpus)
            .args(Some(target.seeds()).filter(|seeds| seeds.is_dir()))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args([SLOWEST, LARGEST, "-print_final_stats=1", "-verbosity=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        let child = command
            .spawn()
            .with_context(|| format!("{} was not built", target.label()))?;
        eprintln!("{} runs, see {}", target.label(), log.display());
        Ok(Self {
            label: target.label(),
            child,
            length,
            log,
        })
    }

    /// Waits until the target has found something or had its time, and then lets it end by itself.
    pub(super) fn watch(mut self) -> Result<Ran> {
        let mut used = Duration::ZERO;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            used = processor_time(self.child.id()).unwrap_or(used);
            if used >= self.length {
                let mut kill = Command::new("kill");
                process::succeeds(kill.args(["-s", "USR1", &self.child.id().to_string()]));
            }
            thread::sleep(GLANCE);
        };
        let log = fs::read_to_string(&self.log)?;
        let ran = Ran {
            label: self.label,
            used,
            length: self.length,
            status,
            executions: statistic(&log, "stat::number_of_executed_units:"),
            inputs: statistic(&log, "stat::new_units_added:"),
            log: self.log,
        };
        eprintln!("{ran}");
        Ok(ran)
    }
}

impl Ran {
    /// Whether it had all its time and found nothing.
    pub(super) fn is_clean(&self) -> bool {
        self.status.success() && self.used >= self.length
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.used.as_secs_f64() / 60.0;
        let Self {
            label,
            executions,
            inputs,
            ..
        } = self;
        write!(
            formatter,
            "{label:32} {minutes:>7.1} {executions:>11} {inputs:>6}  "
        )?;
        if self.is_clean() {
            formatter.write_str("clean")
        } else {
            write!(formatter, "FAILED: {}, see {}", self.status, self.log.display())
        }
    }
}

/// What a process has used of processors, in its own code and in the kernel (proc_pid_stat(5), fields 14 and 15).
fn processor_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, which may hold anything, ends at the last parenthesis; the third field follows.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(str::parse::<u64>).sum::<Result<u64, _>>().ok()?;
    Some(Duration::from_secs_f64(ticks as f64 / TICKS))
}

/// A figure of libFuzzer's final statistics.
fn statistic(log: &str, name: &str) -> u64 {
    let line = log.lines().rev().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read_from_the_final_statistics() {
        let log = "#2 INITED\nstat::number_of_executed_units: 4321\nstat::new_units_added:          7\n";
        assert_eq!(statistic(log, "stat::number_of_executed_units:"), 4321);
        assert_eq!(statistic(log, "stat::new_units_added:"), 7);
        assert_eq!(statistic(log, "stat::peak_rss_mb:"), 0);
    }

    #[test]
    fn the_time_of_this_process_is_known() {
        assert!(processor_time(std::process::id()).is_some());
        assert!(processor_time(0).is_none());
    }
}
