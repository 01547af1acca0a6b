//! An HTTP/1.1 server on a thread of its own.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::reply::Reply;

/// A server that answers until it is dropped; its open connections end then too.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    running: Option<Running>,
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

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(format!("server {address}"))
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = stopped => {}
                        result = accept(listener, tls.map(TlsAcceptor::from), service) => {
                            eprintln!("the server on {address} ended: {result:?}");
                        }
                    }
                });
            })?;
        Ok(Self {
            address,
            running: Some(Running { stop, thread }),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(Running { stop, thread }) = self.running.take() else {
            return;
        };
        // Neither can fail but for a server that has ended by itself.
        let _ = stop.send(());
        let _ = thread.join();
    }
}

impl Connection {
    fn new(stream: &TcpStream) -> io::Result<Self> {
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

async fn accept(
    listener: std::net::TcpListener,
    tls: Option<TlsAcceptor>,
    service: Arc<impl Service>,
) -> io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
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
