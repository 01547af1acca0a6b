//! The git gate alone, for any git: repositories from a file, no bottle.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bottle_document::{Diagnostics, PathBase, ReadError, RenderStyle, Source};
use bottle_git_gate::{Clock, Gate, Listener, OpenError, Programs, Settings, serve};
use bottle_plan::git::GitRepo;
use bottle_plan::names::{EnvName, Identity};
use bottle_util::Secret;
use bottle_wire::boot::{Base64, WireSecret};
use bottle_wire::git_gate::{GatherError, GitGateBoot, NamedSecret, RepoBoot};
use bottle_wire::supervise::NobodyAnswers;
use rustls_pki_types::CertificateDer;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::limits::MESSAGES;
use crate::socket::{bind_socket, remove_socket_if_possible};
use crate::standalone::{ListenAddress, StandaloneError, alone, record};

/// Everything that the gate is told; what comes from the environment was read by the program.
#[derive(Debug)]
pub struct StandaloneGit {
    /// The repositories.
    pub repositories: RepositoriesFile,
    /// Where it listens.
    pub listen: ListenAddress,
    /// Whose own branches may be pushed where a repository lists none.
    pub identity: Identity,
    /// Values that must not be pushed, by name.
    pub secrets: Vec<(String, Secret)>,
    /// Where mirrors are kept; none for a folder that is removed at the end.
    pub folder: Option<PathBuf>,
    /// The most bytes of all mirrors together.
    pub most_bytes: u64,
    /// Where events are appended, one JSON line each.
    pub events: Option<PathBuf>,
    /// The authorities that upstream certificates are verified by.
    pub roots: Vec<CertificateDer<'static>>,
    /// The programs that it runs.
    pub programs: Programs,
    /// The socket of the user's ssh agent.
    pub agent: Option<PathBuf>,
    /// The value of a variable of the environment.
    pub variable: fn(&EnvName) -> Option<Secret>,
    /// The wall clock.
    pub now: fn() -> SystemTime,
}

/// A file of repositories and where its paths start from.
#[derive(Debug, Clone)]
pub struct RepositoriesFile {
    /// The file.
    pub path: PathBuf,
    /// Where paths in it start from.
    pub paths: PathBase,
}

/// Says why the gate does not run.
#[derive(Debug, thiserror::Error)]
pub enum StandaloneGitError {
    /// The process cannot be set up.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file has mistakes; the text shows all of them.
    #[error("the repositories have mistakes:\n{0}")]
    Mistakes(String),
    /// A reference of a repository leads nowhere.
    #[error("repository {repo}")]
    Gather {
        /// The repository.
        repo: String,
        /// Why.
        #[source]
        source: GatherError,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: ListenAddress,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The gate cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file of events cannot be used.
    #[error(transparent)]
    Events(#[from] StandaloneError),
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
///
/// When something that it was told cannot be used; nothing was served then.
pub fn run(options: StandaloneGit) -> Result<(), StandaloneGitError> {
    let runtime = alone().map_err(StandaloneGitError::Start)?;
    runtime.block_on(run_until_told(options))
}

async fn run_until_told(options: StandaloneGit) -> Result<(), StandaloneGitError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StandaloneGitError::Start)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StandaloneGitError::Start)?;
    let boot = boot(&options)?;
    let record = record::open(options.events.as_deref())?;
    let (events, to_record) = mpsc::channel(MESSAGES);
    let recording = tokio::spawn(record::all(to_record, record));
    let temporary = tempfile::tempdir().map_err(StandaloneGitError::Start)?;
    let folder = options.folder.clone();
    let folder = folder.unwrap_or_else(|| temporary.path().join("mirrors"));
    let now = options.now;
    let gate = Gate::open(Settings {
        boot,
        programs: options.programs.clone(),
        folder,
        most_bytes: options.most_bytes,
        ask: Arc::new(NobodyAnswers),
        events,
        clock: Clock::new(move || milliseconds(now())),
    })
    .await?;
    let (listener, address) = listen(&options.listen).await?;
    tracing::info!(%address, "listening");
    let warming = tokio::spawn({
        let gate = gate.clone();
        async move { gate.warm_up().await }
    });
    let told = async {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    };
    serve(gate, listener, told).await;
    warming.abort();
    if let ListenAddress::Unix(path) = &address {
        remove_socket_if_possible(path);
    }
    recording.abort();
    Ok(())
}

fn boot(options: &StandaloneGit) -> Result<GitGateBoot, StandaloneGitError> {
    let gather = |repo: GitRepo| {
        let name = repo.name.to_string();
        let gathered = RepoBoot::gather(repo, options.variable, options.agent.as_deref());
        gathered.map_err(|source| StandaloneGitError::Gather { repo: name, source })
    };
    let secret = |(name, value): &(String, Secret)| NamedSecret {
        name: name.clone(),
        value: WireSecret(value.clone()),
    };
    Ok(GitGateBoot {
        identity: options.identity.clone(),
        repos: read(&options.repositories)?
            .into_iter()
            .map(gather)
            .collect::<Result<_, _>>()?,
        secrets: options.secrets.iter().map(secret).collect(),
        roots: options.roots.iter().map(|root| Base64(root.to_vec())).collect(),
    })
}

fn read(file: &RepositoriesFile) -> Result<Vec<GitRepo>, StandaloneGitError> {
    let source = Source::read(&file.path)?;
    let mut diagnostics = Diagnostics::default();
    let repos = bottle_manifest::read_repositories(&source, &file.paths, &mut diagnostics);
    let rendered = diagnostics.render(RenderStyle::plain());
    let repos = repos.ok_or_else(|| StandaloneGitError::Mistakes(rendered.clone()))?;
    if !rendered.is_empty() {
        tracing::warn!("the repositories have warnings:\n{rendered}");
    }
    Ok(repos)
}

async fn listen(address: &ListenAddress) -> Result<(Listener, ListenAddress), StandaloneGitError> {
    let failed = |source| StandaloneGitError::Listen {
        address: address.clone(),
        source,
    };
    match address {
        ListenAddress::Tcp(wanted) => {
            let listener = TcpListener::bind(wanted).await.map_err(failed)?;
            let bound = listener.local_addr().map_err(failed)?;
            Ok((Listener::Tcp(listener), ListenAddress::Tcp(bound)))
        }
        ListenAddress::Unix(path) => {
            let listener = bind_socket(path, 0o600)
                .and_then(UnixListener::from_std)
                .map_err(failed)?;
            Ok((Listener::Unix(listener), address.clone()))
        }
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
