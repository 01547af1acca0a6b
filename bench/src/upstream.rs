//! The server behind all proxies, in a process of its own.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::certificates::Pair;
use crate::scenario::{LARGE_BYTES, SMALL_BYTES, Scenario};
use crate::server;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    trusted: Pair,
    /// A certificate that no proxy may accept, with which the second port answers
    #[arg(long)]
    forged_certificate: PathBuf,
    #[arg(long)]
    forged_key: PathBuf,
}

static SMALL: [u8; SMALL_BYTES] = [b's'; SMALL_BYTES];
static LARGE: [u8; LARGE_BYTES] = [b'l'; LARGE_BYTES];

/// Serves until the parent is gone.
pub(crate) fn run(options: &Options) -> Result<()> {
    server::end_with_parent();
    let forged = Pair {
        certificate: options.forged_certificate.clone(),
        key: options.forged_key.clone(),
    };
    let trusted = TlsAcceptor::from(options.trusted.server_config()?);
    let forged = TlsAcceptor::from(forged.server_config()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let second = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        server::announce(&[&first, &second])?;
        // Some proxies try the other address of the name first, and should not have to fail there.
        let other = TcpListener::bind((Ipv6Addr::LOCALHOST, first.local_addr()?.port())).await;
        if let Ok(other) = other {
            tokio::spawn(server::accept(other, serve_with(trusted.clone())));
        }
        tokio::spawn(server::accept(second, serve_with(forged)));
        match server::accept(first, serve_with(trusted)).await? {}
    })
}

fn serve_with(tls: TlsAcceptor) -> impl Fn(TcpStream) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    move |stream| Box::pin(serve(tls.clone(), stream))
}

/// Clients that go away, or do not trust the certificate, are both part of a run.
async fn serve(tls: TlsAcceptor, stream: TcpStream) {
    if let Ok(stream) = tls.accept(stream).await {
        let _gone = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer))
            .await;
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = match request.uri().path() {
        path if path == Scenario::Large.path() => Bytes::from_static(&LARGE),
        _ => Bytes::from_static(&SMALL),
    };
    let mut sent = request.into_body();
    while let Some(frame) = sent.frame().await {
        frame?;
    }
    Ok(Response::new(Full::new(body)))
}
