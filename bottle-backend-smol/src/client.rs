//! The installed `smolvm`, as far as it is used here.

mod call;
mod create;
mod error;
mod exec;
mod list;
#[cfg(test)]
mod tests;
mod version;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use create::{Mount, NewMachine};
pub use error::{CallError, Code, RefusedCall};
pub use exec::Exec;
pub use list::{LastExit, Machine, MachineState};
pub use version::Version;

pub(crate) use call::NOTE;
use call::{Answer, call};

/// The most time that a question may take.
const QUICK: Duration = Duration::from_secs(30);
/// The most time that making a machine may take: an archive of gigabytes is read and copied.
const CREATE: Duration = Duration::from_secs(10 * 60);
/// The most time that a start may take: the first one of an image unpacks it in a machine of its own.
const START: Duration = Duration::from_secs(20 * 60);
/// The most time that an end may take.
const STOP: Duration = Duration::from_secs(60);
/// How long the workload of a machine that is stopped may take, in seconds: the relay has nothing to save.
const STOP_WORKLOAD: &str = "1";

/// How many lines of a log are read.
const LOG_LINES: &str = "20";

/// The installed program and how it is called.
#[derive(Debug, Clone)]
pub struct Smolvm {
    /// The program.
    pub program: PathBuf,
    /// All of its variables. It looks for its machines below `HOME`.
    pub variables: Vec<(OsString, OsString)>,
    /// Where else it keeps its machines and images. Linux only.
    pub state: Option<PathBuf>,
}

impl Smolvm {
    /// Asks for its version.
    ///
    /// # Errors
    ///
    /// When it is not there, or answers something else. Whether it is new enough is [`Version::check`]'s to say.
    pub async fn version(&self) -> Result<Version, CallError> {
        let words = vec!["--version".into()];
        let answer = call(self, "tell its version", words, QUICK).await?;
        answer.stdout.trim().parse().map_err(|()| answer.unexpected())
    }

    /// Makes a machine. Nothing runs yet.
    ///
    /// # Errors
    ///
    /// When there is one of that name, or something that it is made from is not there.
    pub async fn create(&self, machine: &NewMachine) -> Result<(), CallError> {
        let words = machine.arguments();
        self.machine("create the machine", "create", words, CREATE)
            .await
            .map(drop)
    }

    /// Starts a machine and its workload; one that runs is left as it is.
    ///
    /// # Errors
    ///
    /// When there is none, or its kernel does not come up.
    pub async fn start(&self, name: &str) -> Result<(), CallError> {
        self.machine("start the machine", "start", named(name), START)
            .await
            .map(drop)
    }

    /// Stops a machine; it is no error when it does not run, or is not there.
    ///
    /// # Errors
    ///
    /// When it may still run.
    pub async fn stop(&self, name: &str) -> Result<(), CallError> {
        let words = [named(name), vec!["--timeout".into(), STOP_WORKLOAD.into()]].concat();
        let stopped = self.machine("stop the machine", "stop", words, STOP).await;
        unless_missing(stopped)
    }

    /// Removes a machine with its disks; it is no error when it is not there.
    ///
    /// # Errors
    ///
    /// When something of it may be left.
    pub async fn delete(&self, name: &str) -> Result<(), CallError> {
        let words = [named(name), vec!["--force".into()]].concat();
        let deleted = self.machine("remove the machine", "delete", words, STOP).await;
        unless_missing(deleted)
    }

    /// Lists the machines of this user.
    ///
    /// # Errors
    ///
    /// When its list cannot be read.
    pub async fn list(&self) -> Result<Vec<Machine>, CallError> {
        let answer = self
            .machine("list machines", "ls", vec!["--json".into()], QUICK)
            .await?;
        serde_json::from_str(&answer.stdout).map_err(|_| answer.unexpected())
    }

    /// Returns what a machine's workload last said.
    ///
    /// # Errors
    ///
    /// When there is no such machine, or no log of it.
    pub async fn log(&self, name: &str) -> Result<String, CallError> {
        let words = [named(name), vec!["--tail".into(), LOG_LINES.into()]].concat();
        let answer = self
            .machine("read the machine's log", "logs", words, QUICK)
            .await?;
        Ok(answer.stdout)
    }

    async fn machine(
        &self,
        action: &'static str,
        verb: &str,
        words: Vec<OsString>,
        limit: Duration,
    ) -> Result<Answer, CallError> {
        call(self, action, self.words(verb, words), limit).await
    }

    /// Returns the arguments of a verb about machines.
    fn words(&self, verb: &str, rest: Vec<OsString>) -> Vec<OsString> {
        let mut words: Vec<OsString> = ["machine", verb, "--error-format", "json"]
            .map(OsString::from)
            .into();
        if let Some(state) = &self.state {
            words.extend(["--state-dir".into(), state.into()]);
        }
        words.extend(rest);
        words
    }
}

fn named(name: &str) -> Vec<OsString> {
    vec!["--name".into(), name.into()]
}

fn unless_missing(done: Result<Answer, CallError>) -> Result<(), CallError> {
    match done {
        Err(error) if error.code() == Some(&Code::NotFound) => Ok(()),
        done => done.map(drop),
    }
}
