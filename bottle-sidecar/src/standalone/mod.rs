//! The egress proxy alone, for any program: routes from a file, a certificate authority of its own, no bottle.

mod listen;
pub(crate) mod record;
mod routes;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bottle_egress::{CertificateAuthority, Clock, OpenError, Settings, SystemResolver};
use bottle_plan::egress::{EgressPlan, HostName, ResolveOverride};
use bottle_plan::names::{EnvName, TokenSlot};
use bottle_util::{Secret, files};
use rustls_pki_types::CertificateDer;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::chain::chain;
use crate::confine::{confine, raise_descriptor_limit};
use crate::limits::{DRAIN_TIME, END_TIME};
use crate::serving::Serving;
pub use listen::{ListenAddress, ListenAddressError};
pub use routes::{RoutesError, RoutesFile, read_certificates};

/// Everything that the proxy is told; what comes from the environment was read by the program.
#[derive(Debug)]
pub struct Standalone {
    /// The routes, read again on SIGHUP.
    pub routes: RoutesFile,
    /// Where it listens.
    pub listen: ListenAddress,
    /// What clients show as `Proxy-Authorization`; a TCP listener needs one.
    pub token: Option<Secret>,
    /// Where the certificate of its authority is written.
    pub certificate: Option<PathBuf>,
    /// Addresses that are given instead of resolved, in addition to those of the routes file.
    pub resolve: Vec<ResolveOverride>,
    /// Where events are appended, one JSON line each.
    pub events: Option<PathBuf>,
    /// The authorities that upstream certificates are verified by.
    pub roots: Vec<CertificateDer<'static>>,
    /// This machine's own addresses, which no route reaches unless it names them.
    pub host_addresses: Vec<IpAddr>,
    /// The value of a variable of the environment.
    pub variable: fn(&EnvName) -> Option<Secret>,
    /// The wall clock.
    pub now: fn() -> SystemTime,
}

/// Says why the proxy does not run.
#[derive(Debug, thiserror::Error)]
pub enum StandaloneError {
    /// The process cannot be set up.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// The routes cannot be used.
    #[error(transparent)]
    Routes(#[from] RoutesError),
    /// Variables that routes take their credentials from are not set.
    #[error("not set in the environment: {0}")]
    NoVariable(String),
    /// A TCP listener without a token.
    #[error("a TCP listener can be reached by every user of this machine and needs --token-file")]
    NoToken,
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: ListenAddress,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No certificate authority could be made.
    #[error(transparent)]
    Mint(#[from] bottle_egress::MintError),
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The server cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
///
/// When something that it was told cannot be used; nothing was served then.
pub fn run(options: Standalone) -> Result<(), StandaloneError> {
    let runtime = alone().map_err(StandaloneError::Start)?;
    runtime.block_on(serve(options))
}

/// Makes this process one that serves alone.
pub(crate) fn alone() -> io::Result<tokio::runtime::Runtime> {
    confine()?;
    raise_descriptor_limit();
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

async fn serve(options: Standalone) -> Result<(), StandaloneError> {
    let mut signals = Signals::receive().map_err(StandaloneError::Start)?;
    let file = options.routes.clone();
    let mut routes = file.read()?;
    routes.plan.resolve.extend(options.resolve.iter().cloned());
    let tokens = tokens(&routes.variables, options.variable)?;
    let listener = listen::bind(&options.listen, options.token.clone()).await?;
    let record = record::open(options.events.as_deref())?;
    let known = routes.known();
    let settings = settings(&options, routes, tokens)?;
    let (serving, events) = Serving::start(settings, listener.server)?;
    let recording = tokio::spawn(record::all(events, record));
    tracing::info!(address = %listener.address, "listening");
    while signals.reload().await {
        let plan = file.read_again(&known).map(|mut plan| {
            plan.resolve.extend(options.resolve.iter().cloned());
            plan
        });
        reload(&serving, plan);
    }
    listener.address.remove();
    serving.end(DRAIN_TIME).await;
    let _recorded = tokio::time::timeout(END_TIME, recording).await;
    Ok(())
}

/// What tells the proxy something.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn receive() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for a signal; false when it says to end.
    async fn reload(&mut self) -> bool {
        tokio::select! {
            _ = self.hangup.recv() => true,
            _ = self.terminate.recv() => false,
            _ = self.interrupt.recv() => false,
        }
    }
}

/// Puts routes in force; those that cannot be used change nothing.
fn reload(serving: &Serving, plan: Result<EgressPlan, RoutesError>) {
    let reloaded = plan.map_err(|error| chain(&error)).and_then(|plan| {
        let routes = plan.routes.len();
        let in_force = serving.reload(plan).map(|()| routes);
        in_force.map_err(|error| chain(&error))
    });
    match reloaded {
        Ok(routes) => tracing::info!(routes, "other routes are in force"),
        Err(reason) => tracing::error!("the routes stay as they were: {reason}"),
    }
}

fn settings(
    options: &Standalone,
    routes: routes::Routes,
    tokens: BTreeMap<TokenSlot, Secret>,
) -> Result<Settings, StandaloneError> {
    let minted = bottle_egress::mint("standalone", (options.now)())?;
    if let Some(path) = &options.certificate {
        let written = files::write_with_mode(path, minted.certificate.as_bytes(), 0o644);
        written.map_err(|source| StandaloneError::Write {
            path: path.clone(),
            source,
        })?;
    }
    let authority = CertificateAuthority::load(&minted.certificate, &minted.key).map_err(OpenError::from)?;
    Ok(Settings {
        plan: routes.plan,
        tokens,
        authority,
        roots: options.roots.clone(),
        upstream_roots: routes.upstream_roots,
        host_addresses: options.host_addresses.clone(),
        clock: Clock::new(options.now),
        resolver: Arc::new(SystemResolver),
    })
}

fn tokens(
    variables: &BTreeMap<EnvName, TokenSlot>,
    value: fn(&EnvName) -> Option<Secret>,
) -> Result<BTreeMap<TokenSlot, Secret>, StandaloneError> {
    let (mut tokens, mut missing) = (BTreeMap::new(), Vec::new());
    for (name, slot) in variables {
        match value(name).filter(|value| !value.is_empty()) {
            Some(value) => drop(tokens.insert(slot.clone(), value)),
            None => missing.push(name.to_string()),
        }
    }
    match missing.is_empty() {
        true => Ok(tokens),
        false => Err(StandaloneError::NoVariable(missing.join(", "))),
    }
}

/// Hosts with authorities of their own.
type UpstreamRoots = Vec<(HostName, Vec<CertificateDer<'static>>)>;
