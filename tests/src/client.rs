//! The smallest client that can ask a test server something.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Sends one request over a TLS connection of its own; the name is the one that the certificate must carry.
pub async fn send(
    address: SocketAddr,
    name: &str,
    config: Arc<ClientConfig>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot connect to {address}"))?;
    let name = ServerName::try_from(name.to_owned())?;
    let stream = TlsConnector::from(config).connect(name, stream).await?;
    exchange(stream, request).await
}

/// Sends one request over a plain connection of its own.
pub async fn send_plain(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<Response<Incoming>> {
    exchange(TcpStream::connect(address).await?, request).await
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}
