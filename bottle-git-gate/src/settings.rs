//! What a gate is told.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bottle_plan::git::ExtraScanner;
use bottle_wire::event::Event;
use bottle_wire::git_gate::GitGateBoot;
use bottle_wire::supervise::Ask;
use tokio::sync::mpsc;

/// What a gate is told.
#[derive(Debug)]
pub struct Settings {
    /// Its part of the boot frame.
    pub boot: GitGateBoot,
    /// The programs that it runs.
    pub programs: Programs,
    /// A folder of this user alone, for mirrors and what is being pushed; an absolute path.
    pub folder: PathBuf,
    /// The most bytes of all that is in it; [`crate::limits::MIRRORS_BYTES`] for a bottle.
    pub most_bytes: u64,
    /// Whoever answers questions.
    pub ask: Arc<dyn Ask>,
    /// Where events go; each must be taken.
    pub events: mpsc::Sender<Event>,
    /// The wall clock.
    pub clock: Clock,
}

/// The wall clock, in milliseconds since 1970.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// Asks this function.
    pub fn new(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> u64 {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// The programs that a gate runs, by their whole paths.
#[derive(Debug, Clone)]
pub struct Programs {
    /// git, 2.39 or newer.
    pub git: PathBuf,
    /// What it takes to reach an upstream over ssh; without it there are upstreams over https alone.
    pub ssh: Result<SshPrograms, MissingProgram>,
    /// The command that runs [`crate::worker::run`] with the arguments that follow.
    pub worker: Vec<OsString>,
    /// Scanners that are there; a repository may want one.
    pub scanners: BTreeMap<ExtraScanner, PathBuf>,
}

/// The programs of OpenSSH.
#[derive(Debug, Clone)]
pub struct SshPrograms {
    /// The client.
    pub client: PathBuf,
    /// The agent, which holds a key that must not be in a file.
    pub agent: PathBuf,
    /// What gives it the key.
    pub add: PathBuf,
}

/// Says that a program is in none of the folders.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not installed, and the git gate needs it")]
pub struct MissingProgram(pub &'static str);

impl Programs {
    /// Looks for programs in folders, the first one first; those of OpenSSH may be missing.
    /// `worker` is the command of [`Programs::worker`].
    ///
    /// # Errors
    ///
    /// When there is no git.
    pub fn find(folders: &[PathBuf], worker: Vec<OsString>) -> Result<Self, MissingProgram> {
        let find = |name: &'static str| {
            let mut candidates = folders.iter().map(|folder| folder.join(name));
            candidates.find(|path| path.is_file()).ok_or(MissingProgram(name))
        };
        let scanners = ExtraScanner::ALL
            .into_iter()
            .filter_map(|scanner| Some((scanner, find(scanner.program()).ok()?)));
        Ok(Self {
            git: find("git")?,
            ssh: SshPrograms::find(find),
            worker,
            scanners: scanners.collect(),
        })
    }
}

impl SshPrograms {
    fn find(find: impl Fn(&'static str) -> Result<PathBuf, MissingProgram>) -> Result<Self, MissingProgram> {
        Ok(Self {
            client: find("ssh")?,
            agent: find("ssh-agent")?,
            add: find("ssh-add")?,
        })
    }

    /// All of them.
    pub fn into_paths(self) -> [PathBuf; 3] {
        [self.client, self.agent, self.add]
    }
}

/// Says why a gate does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder cannot be used.
    #[error("cannot use {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A repository's key cannot be used.
    #[error("the key of repository {repo} cannot be used: {reason}")]
    Key {
        /// The repository.
        repo: String,
        /// Why.
        reason: String,
    },
    /// A repository needs a program that is not there.
    #[error("repository {repo} cannot be served")]
    Program {
        /// The repository.
        repo: String,
        /// What is missing.
        #[source]
        source: MissingProgram,
    },
    /// No random bytes.
    #[error("no random bytes")]
    Random,
}
