//! Listeners first, then connections, until a signal or a network ends it.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use super::answering::Answering;
use super::arguments::{Pair, Watch};
use super::transparent::Transparent;
use super::{answering, pump, watch};
use crate::confine::raise_descriptor_limit;
use crate::reap::reap;

/// The most connections of one port at once; further ones wait in the kernel's queue until one ends.
pub const MOST_CONNECTIONS_PER_PORT: usize = 1024;
/// How long a port rests after the kernel refused it a descriptor, so that it does not spin.
pub(super) const REST: Duration = Duration::from_millis(50);

/// Listeners on every port, and nothing accepted yet.
#[derive(Debug)]
pub struct Relay {
    ports: Vec<(TcpListener, Arc<PathBuf>)>,
    transparent: Option<Transparent>,
}

/// Says why the relay cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A port is taken.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The resolver's address cannot be had.
    #[error("cannot answer for names on port 53 of 127.0.0.1, which transparent mode needs")]
    Resolver(#[source] io::Error),
    /// The process cannot be set up.
    #[error("cannot start")]
    Start(#[source] io::Error),
}

/// Why the relay ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A signal asked for it.
    Terminated,
    /// The guest has these interfaces or routes.
    Network(Vec<String>),
}

impl Relay {
    /// Binds every port of 127.0.0.1, the resolver's first, and accepts nothing yet. With `transparent`, names are
    /// asked of the egress door behind that socket.
    ///
    /// # Errors
    ///
    /// The first port that is taken or may not be had; the others are free again then.
    pub async fn bind(pairs: &[Pair], transparent: Option<&Path>) -> Result<Self, BindError> {
        let transparent = match transparent {
            Some(socket) => Some(Transparent::bind(socket).await.map_err(BindError::Resolver)?),
            None => None,
        };
        let mut ports = Vec::with_capacity(pairs.len());
        for Pair { port, socket } in pairs {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).await;
            let listener = listener.map_err(|source| BindError::Port { port: *port, source })?;
            ports.push((listener, Arc::new(socket.clone())));
        }
        Ok(Self { ports, transparent })
    }

    /// Starts to accept on every port, and to answer for names, in the background.
    pub fn start(self) {
        for (listener, socket) in self.ports {
            tokio::spawn(accept(listener, socket));
        }
        if let Some(transparent) = self.transparent {
            transparent.start();
        }
    }
}

/// Runs as a guest's main process: binds, accepts, calls `started`, and collects children, those of `started` among
/// them, until a signal or a network ends it.
///
/// # Errors
///
/// When a port cannot be had, signals cannot be received, or `started` fails.
pub fn run(
    pairs: &[Pair],
    transparent: Option<&Path>,
    watch: &Watch,
    started: impl FnOnce() -> io::Result<()>,
) -> Result<End, BindError> {
    raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(BindError::Start)?;
    runtime.block_on(async {
        let relay = Relay::bind(pairs, transparent).await?;
        let mut children = signal(SignalKind::child()).map_err(BindError::Start)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(BindError::Start)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(BindError::Start)?;
        relay.start();
        started().map_err(BindError::Start)?;
        let mut network = std::pin::pin!(watch::network_appears(watch));
        loop {
            tokio::select! {
                _ = children.recv() => reap(|_, _| ()),
                _ = terminate.recv() => return Ok(End::Terminated),
                _ = interrupt.recv() => return Ok(End::Terminated),
                found = &mut network => return Ok(End::Network(found)),
            }
        }
    })
}

async fn accept(listener: TcpListener, socket: Arc<PathBuf>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS_PER_PORT));
    // The semaphore is never closed, so this ends with the process.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let socket = Arc::clone(&socket);
        tokio::spawn(async move {
            // Whichever side broke, the other is closed with it; there is nobody to tell.
            let _broken = connect(stream, &socket).await;
            drop(place);
        });
    }
}

async fn connect(stream: TcpStream, socket: &PathBuf) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let door = UnixStream::connect(socket).await?;
    match answering::is_patient(socket) {
        true => pump::copy_both_ways(stream, Answering::new(door)).await,
        false => pump::copy_both_ways(stream, door).await,
    }
}
