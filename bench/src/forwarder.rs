//! The limit of what any intercepting proxy in this stack can do: TLS on both sides, upstream connections kept, and not
//! one decision.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::certificates::{Pair, client_config};
use crate::scenario::HOST;
use crate::server;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    own: Pair,
    /// The authority of upstreams
    #[arg(long)]
    trusted: PathBuf,
}

#[derive(Clone)]
struct Forwarder {
    accept: TlsAcceptor,
    connect: TlsConnector,
    kept: Arc<Mutex<Vec<Upstream>>>,
}

struct Upstream {
    authority: Arc<str>,
    sender: SendRequest<Incoming>,
}

/// Serves until the parent is gone.
pub(crate) fn run(options: &Options) -> Result<()> {
    server::end_with_parent();
    let forwarder = Forwarder {
        accept: TlsAcceptor::from(options.own.server_config()?),
        connect: TlsConnector::from(client_config(&options.trusted)?),
        kept: Arc::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        server::announce(&[&listener])?;
        match server::accept(listener, |stream| forwarder.clone().serve(stream)).await? {}
    })
}

impl Forwarder {
    async fn serve(self, stream: TcpStream) {
        let service = service_fn(|request| self.clone().open_tunnel(request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let _gone = connection.with_upgrades().await;
    }

    async fn open_tunnel(
        self,
        mut request: Request<Incoming>,
    ) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
        let authority = request
            .uri()
            .authority()
            .map(|authority| Arc::<str>::from(authority.as_str()));
        let (Some(authority), &Method::CONNECT) = (authority, request.method()) else {
            return Ok(bare(StatusCode::BAD_REQUEST));
        };
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            if let Ok(tunnel) = upgrade.await
                && let Ok(stream) = self.accept.accept(TokioIo::new(tunnel)).await
            {
                let service = service_fn(|request| self.forward(&authority, request));
                let _gone = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        });
        Ok(bare(StatusCode::OK))
    }

    async fn forward(
        &self,
        authority: &Arc<str>,
        request: Request<Incoming>,
    ) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
        let sender = match self.take(authority) {
            Some(sender) => Ok(sender),
            None => self.dial(authority).await,
        };
        let Ok(mut sender) = sender else {
            return Ok(bare(StatusCode::BAD_GATEWAY));
        };
        let answer = sender.send_request(request).await;
        self.keep(authority, sender);
        Ok(answer.map_or_else(
            |_| bare(StatusCode::BAD_GATEWAY),
            |answer| answer.map(BodyExt::boxed),
        ))
    }

    async fn dial(&self, authority: &str) -> io::Result<SendRequest<Incoming>> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(HOST).map_err(io::Error::other)?;
        let stream = self.connect.connect(name, stream).await?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Takes a connection whose last answer has been read.
    fn take(&self, authority: &str) -> Option<SendRequest<Incoming>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|upstream| !upstream.sender.is_closed());
        let ready = |upstream: &Upstream| upstream.sender.is_ready() && *upstream.authority == *authority;
        let at = kept.iter().rposition(ready)?;
        Some(kept.swap_remove(at).sender)
    }

    fn keep(&self, authority: &Arc<str>, sender: SendRequest<Incoming>) {
        let authority = Arc::clone(authority);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(Upstream { authority, sender });
    }
}

fn bare(status: StatusCode) -> Response<BoxBody<Bytes, hyper::Error>> {
    let mut answer = Response::new(Empty::new().map_err(|never: Infallible| match never {}).boxed());
    *answer.status_mut() = status;
    answer
}
