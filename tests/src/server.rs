//! HTTP/1.1 servers on threads of their own.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::reply::Reply;

/// A server that answers until it is dropped; its open connections end then too.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    _running: Running,
}

/// The same on a socket of the file system.
#[derive(Debug)]
pub struct UnixServer {
    _running: Running,
}

/// What answers requests.
pub trait Service: Send + Sync + 'static {
    /// Answers one request; the connection is for replies that end it rudely.
    fn answer(
        &self,
        request: Request<Incoming>,
        connection: Connection,
    ) -> impl Future<Output = Reply> + Send;
}

/// A handle on a client's connection, below TLS.
#[derive(Clone, Debug)]
pub struct Connection {
    socket: Arc<OwnedFd>,
}

/// A thread that serves until this is dropped.
#[derive(Debug)]
struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens there, with TLS or, without a configuration, in plain text.
    pub fn start(
        listen: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        service: Arc<impl Service>,
    ) -> Result<Self> {
        let listener =
            std::net::TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let running = Running::start(format!("server {address}"), move || async move {
            let listener = TcpListener::from_std(listener)?;
            let next = async || {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(stream)
            };
            accept(next, tls.map(TlsAcceptor::from), service).await
        })?;
        Ok(Self {
            address,
            _running: running,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl UnixServer {
    /// Makes the socket and listens there.
    pub fn start(path: &Path, service: Arc<impl Service>) -> Result<Self> {
        let listener = std::os::unix::net::UnixListener::bind(path)
            .with_context(|| format!("cannot listen on {}", path.display()))?;
        listener.set_nonblocking(true)?;
        let running = Running::start(format!("server {}", path.display()), move || async move {
            let listener = UnixListener::from_std(listener)?;
            accept(async || Ok(listener.accept().await?.0), None, service).await
        })?;
        Ok(Self { _running: running })
    }
}

impl Running {
    fn start<F>(name: String, serve: impl FnOnce() -> F + Send + 'static) -> Result<Self>
    where
        F: Future<Output = io::Result<Infallible>>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name(name.clone()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    result = serve() => eprintln!("{name} ended: {result:?}"),
                }
            });
            // A reply that waits on a thread of its own ends with the test.
            runtime.shutdown_background();
        })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Neither can fail but for a server that has ended by itself.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Connection {
    fn new(stream: &impl AsFd) -> io::Result<Self> {
        Ok(Self {
            socket: Arc::new(stream.as_fd().try_clone_to_owned()?),
        })
    }

    /// Makes the end of the connection, whenever it comes, a reset (`RST`) that drops what is under way.
    pub fn end_with_reset(&self) -> io::Result<()> {
        Ok(rustix::net::sockopt::set_socket_linger(
            &*self.socket,
            Some(std::time::Duration::ZERO),
        )?)
    }
}

async fn accept<S>(
    next: impl AsyncFn() -> io::Result<S>,
    tls: Option<TlsAcceptor>,
    service: Arc<impl Service>,
) -> io::Result<Infallible>
where
    S: AsyncRead + AsyncWrite + AsFd + Unpin + Send + 'static,
{
    loop {
        let stream = next().await?;
        let connection = Connection::new(&stream)?;
        let (tls, service) = (tls.clone(), Arc::clone(&service));
        tokio::spawn(async move {
            match tls {
                None => serve(stream, connection, service).await,
                // A client that does not trust the authority ends here, which is its test's to notice.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, connection, service).await;
                    }
                }
            }
        });
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Connection,
    service: Arc<impl Service>,
) {
    let answer = service_fn(move |request| {
        let (service, connection) = (Arc::clone(&service), connection.clone());
        async move { Ok::<_, Infallible>(service.answer(request, connection).await.into_response()) }
    });
    // Clients that go away and replies that break off are both part of tests.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades()
        .await;
}
