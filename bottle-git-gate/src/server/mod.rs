//! git's smart HTTP protocol (gitprotocol-http(5)), as far as a client needs it.

mod body;
mod patient;
mod read;
pub(crate) mod respond;
mod route;

use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub(crate) use body::{Body, BodyError};
pub(crate) use respond::Response;

use crate::gate::Gate;
use crate::limits::{CLIENT_SILENCE, CONNECTIONS};
use patient::Patient;
use route::Route;

/// Where a gate listens.
#[derive(Debug)]
pub enum Listener {
    /// A socket: whoever reaches it is the bottle.
    Unix(UnixListener),
    /// A port: whoever reaches it may read and push.
    Tcp(TcpListener),
}

/// Serves until `stop` is there; connections that are open then are ended.
pub async fn serve(gate: Gate, listener: Listener, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            let stream = match &listener {
                Listener::Unix(listener) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
                Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
            };
            (place, stream)
        };
        let (place, stream) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        match stream {
            Ok(stream) => {
                let gate = gate.clone();
                connections.spawn(async move {
                    let _place = place;
                    match stream {
                        Stream::Unix(stream) => connection(gate, stream).await,
                        Stream::Tcp(stream) => connection(gate, stream).await,
                    }
                });
            }
            // Out of descriptors: some are given back soon.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
    connections.shutdown().await;
}

enum Stream {
    Unix(tokio::net::UnixStream),
    Tcp(tokio::net::TcpStream),
}

async fn connection(gate: Gate, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
    let service = service_fn(move |request| {
        let gate = gate.clone();
        async move { Ok::<_, Infallible>(answer(&gate, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CLIENT_SILENCE)
        .max_headers(64)
        .serve_connection(TokioIo::new(Patient::new(stream)), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn answer(gate: &Gate, request: Request<Incoming>) -> Response {
    if gate.is_held() {
        return respond::plain(
            503,
            "git gate: nothing can be recorded now, and what is not recorded is not done",
        );
    }
    let (head, body) = request.into_parts();
    let route = match route::route(&head) {
        Ok(route) => route,
        Err(refusal) => return respond::plain(refusal.status, refusal.why),
    };
    let Some(repo) = gate.repo(route.repo()) else {
        let names = gate.names().join(", ");
        return respond::plain(
            404,
            &format!("git gate: there is no such repository here; this bottle has {names}"),
        );
    };
    match route {
        Route::Advertise { service, version, .. } => read::advertise(gate, &repo, service, version).await,
        Route::Read { version, is_gzip, .. } => {
            read::read(gate, &repo, version, Body::new(body), is_gzip).await
        }
        Route::Push { .. } => crate::push::receive(gate, &repo, Body::new(body)).await,
    }
}

#[cfg(feature = "testing")]
pub(crate) mod testing {
    //! Parsers that fuzz targets reach.

    pub(crate) use super::body::gunzip;

    /// Routes a request that says whatever a service wants of its kind.
    pub(crate) fn repo(method: &str, target: &str) -> Option<String> {
        let request = hyper::Request::builder().method(method).uri(target);
        let kind = match target.ends_with("git-receive-pack") {
            true => "application/x-git-receive-pack-request",
            false => "application/x-git-upload-pack-request",
        };
        let (head, ()) = request.header("content-type", kind).body(()).ok()?.into_parts();
        let route = super::route::route(&head).ok()?;
        Some(route.repo().to_owned())
    }
}
