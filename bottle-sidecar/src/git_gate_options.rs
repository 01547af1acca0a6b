//! The arguments of `bottle-sidecar git-gate`, and what it reads from its environment, once.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use bottle_git_gate::limits::MIRRORS_BYTES;
use bottle_git_gate::{MissingProgram, Programs};
use bottle_plan::names::{EnvName, Identity};
use bottle_sidecar::standalone::{ListenAddress, RoutesError};
use bottle_sidecar::standalone_git::{self, RepositoriesFile, StandaloneGit, StandaloneGitError};

use crate::environment::{
    NoFolder, agent_socket, paths_of, program_folders, roots, system_clock, variable_of_environment,
};

#[derive(Debug, clap::Args)]
pub(crate) struct GitGateOptions {
    /// The repositories, as under `git-gate` in a bottle's file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// tcp:ADDRESS:PORT or unix:PATH; whoever reaches it may read and push
    #[arg(long, value_name = "ADDRESS")]
    listen: ListenAddress,
    /// Whose branches bottle/NAME/* are, for repositories that list no branches
    #[arg(long, value_name = "NAME", default_value = "standalone")]
    identity: Identity,
    /// A variable whose value must not be pushed
    #[arg(long, value_name = "NAME")]
    secret_env: Vec<EnvName>,
    /// Further certificate authorities to believe of upstream hosts (PEM)
    #[arg(long, value_name = "FILE")]
    upstream_ca: Vec<PathBuf>,
    /// Where mirrors are kept [default: a folder that is removed at the end]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The most bytes of all mirrors together, and of what is being pushed
    #[arg(long, value_name = "BYTES", default_value_t = MIRRORS_BYTES)]
    most_bytes: u64,
    /// Append events to this file, one JSON line each
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// The git to run [default: the first of PATH]
    #[arg(long, value_name = "FILE")]
    git: Option<PathBuf>,
}

/// Says what could not be read before the gate began.
#[derive(Debug, thiserror::Error)]
enum InputError {
    #[error(transparent)]
    Folder(#[from] NoFolder),
    #[error(transparent)]
    Authority(#[from] RoutesError),
    #[error(transparent)]
    Program(#[from] MissingProgram),
    #[error("{0} is not set in the environment")]
    NoVariable(EnvName),
    #[error(transparent)]
    Run(#[from] StandaloneGitError),
}

impl GitGateOptions {
    /// Serves until it is told to end, and returns the exit status.
    pub(crate) fn run(self) -> ExitCode {
        match self
            .gather()
            .and_then(|options| Ok(standalone_git::run(options)?))
        {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!("{}", bottle_sidecar::chain(&error));
                ExitCode::FAILURE
            }
        }
    }

    fn gather(self) -> Result<StandaloneGit, InputError> {
        let worker = ["/proc/self/exe", "git-worker"].map(OsString::from);
        let mut programs = Programs::find(&program_folders(), worker.into())?;
        if let Some(git) = self.git {
            programs.git = absolute(git)?;
        }
        let secret = |name: &EnvName| {
            let value = variable_of_environment(name).filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| InputError::NoVariable(name.clone()))?;
            Ok((name.to_string(), value))
        };
        Ok(StandaloneGit {
            secrets: self
                .secret_env
                .iter()
                .map(secret)
                .collect::<Result<_, InputError>>()?,
            repositories: RepositoriesFile {
                paths: paths_of(&self.config)?,
                path: self.config,
            },
            listen: self.listen,
            identity: self.identity,
            folder: self.folder.map(absolute).transpose()?,
            most_bytes: self.most_bytes,
            events: self.events,
            roots: roots(&self.upstream_ca)?,
            programs,
            agent: agent_socket(),
            variable: variable_of_environment,
            now: system_clock,
        })
    }
}

/// git runs in folders of its own.
fn absolute(path: PathBuf) -> Result<PathBuf, NoFolder> {
    std::path::absolute(&path).map_err(|_| NoFolder { path })
}
