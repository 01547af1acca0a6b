//! The handle on one running bottle: all that provisioning and the command ever see of it.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bottle_plan::names::{EnvName, Identity};
use bottle_plan::paths::GuestPath;
use bottle_util::Secret;
use bottle_wire::control::{ControlAnswer, ControlRequest};

use crate::{AgentSession, ControlError, CopyError, EngineError, ExecError, TerminalSize};

/// One running bottle.
#[async_trait]
pub trait Bottle: Send + Sync {
    /// Returns the bottle's name.
    fn identity(&self) -> &Identity;

    /// Runs a command in the guest to its end and collects what it prints.
    ///
    /// # Errors
    ///
    /// When it cannot be started, prints more than the bound, or does not end in time. Its own status is no error.
    async fn exec(&self, command: &ExecCommand) -> Result<ExecOutput, ExecError>;

    /// Starts a command in the guest with its streams open; with a size, on a terminal.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    async fn exec_agent(
        &self,
        command: &ExecCommand,
        terminal: Option<TerminalSize>,
    ) -> Result<AgentSession, ExecError>;

    /// Writes files into the guest; missing directories above them are made with the same owner.
    ///
    /// # Errors
    ///
    /// When the guest's file system refuses.
    async fn put(&self, files: &[PutFile], owner: CopyOwner) -> Result<(), CopyError>;

    /// Copies a host file or folder to a path of the guest. No link is followed out of the folder.
    ///
    /// # Errors
    ///
    /// When the host's files cannot be read or the guest's file system refuses.
    async fn cp_in(&self, host: &Path, guest: &GuestPath, owner: CopyOwner) -> Result<(), CopyError>;

    /// Copies a file or folder of the guest below a host folder that exists. What arrives is hostile: links that
    /// leave the folder, devices and set-id bits are dropped. Bytes, files and time are bounded.
    ///
    /// # Errors
    ///
    /// When there is no such path, it holds too much, or the host's folder cannot be written.
    async fn cp_out(&self, guest: &GuestPath, host: &Path) -> Result<(), CopyError>;

    /// Asks the bottle's sidecar.
    ///
    /// # Errors
    ///
    /// When the sidecar is not there or does not answer in time.
    async fn control(&self, request: &ControlRequest) -> Result<ControlAnswer, ControlError>;

    /// Ends every process of the guest, at once and within a bound. Its files stay, and so does the sidecar: what is
    /// compared or copied afterwards holds still. It is no error when nothing runs any more.
    ///
    /// # Errors
    ///
    /// When a process of the guest may still run.
    async fn halt(&self) -> Result<(), EngineError>;

    /// Tells whether the workspace holds something else than what was copied into it. One that was empty and still is
    /// has not changed; of one that is mounted, the agent's own repository is compared. The comparison is made
    /// outside; nothing of the guest's is believed, and it ends at the first thing too many: it takes no longer than
    /// reading what was copied. Halt the guest first, or it may change meanwhile.
    ///
    /// # Errors
    ///
    /// When the workspace cannot be read. Whoever asks should take that for a change.
    async fn workspace_changed(&self) -> Result<bool, CopyError>;

    /// Ends the guest and its sidecar and keeps the guest's files.
    async fn preserve(&self) -> Result<(), EngineError>;

    /// Ends the bottle and removes all of it.
    async fn close(&self) -> Result<(), EngineError>;
}

/// A command to run in the guest. Arguments are a vector; no shell reads them.
#[derive(Debug, Clone)]
pub struct ExecCommand {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Who runs it.
    pub user: ExecUser,
    /// Where it runs; `/` when none is given.
    pub directory: Option<GuestPath>,
    /// Variables beyond the guest's own. They reach this command only, and no configuration.
    pub env: Vec<(EnvName, Secret)>,
    /// What it reads on its standard input; agent sessions read what is written to them instead.
    pub stdin: Vec<u8>,
    /// The most time it may take; agent sessions have none of their own.
    pub limit: Duration,
}

/// Who runs a command in the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecUser {
    /// Root, with a fixed `PATH`; only while no agent code has run yet.
    Root,
    /// The plan's agent user.
    Agent,
}

impl ExecCommand {
    /// Makes a command of the agent's user, with a limit of two minutes.
    pub fn agent<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            user: ExecUser::Agent,
            directory: None,
            env: Vec::new(),
            stdin: Vec::new(),
            limit: Duration::from_secs(120),
        }
    }

    /// Makes a command of root's, with a limit of two minutes.
    pub fn root<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            user: ExecUser::Root,
            ..Self::agent(argv)
        }
    }

    /// Sets where it runs.
    #[must_use]
    pub fn in_directory(self, directory: GuestPath) -> Self {
        Self {
            directory: Some(directory),
            ..self
        }
    }

    /// Adds variables for this command only.
    #[must_use]
    pub fn with_env(self, env: Vec<(EnvName, Secret)>) -> Self {
        Self { env, ..self }
    }
}

/// What a finished command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// Its exit status; 128 and the signal's number when a signal ended it.
    pub status: i32,
    /// Its standard output, at most 8 MiB.
    pub stdout: Vec<u8>,
    /// Its standard error, at most 8 MiB.
    pub stderr: Vec<u8>,
}

/// A file to write into the guest.
#[derive(Debug, Clone)]
pub struct PutFile {
    /// Where.
    pub path: GuestPath,
    /// Its permission bits.
    pub mode: u32,
    /// Its content; none makes a directory.
    pub content: Option<Vec<u8>>,
}

/// Who owns what is copied into the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyOwner {
    /// Root.
    Root,
    /// The plan's agent user.
    Agent,
}
