//! Opens connections to upstreams: to checked addresses only, TLS verified.

use std::io;
use std::net::SocketAddr;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::GuestBody;
use crate::address::CheckedAddresses;
use crate::decide::{Permit, Refusal, Rule};
use crate::limits;
use crate::request::Scheme;
use crate::tls::Trust;

/// An open connection to an upstream. Dropping it resets whatever is under way on it.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) sender: SendRequest<GuestBody>,
    pub(super) address: SocketAddr,
    task: AbortHandle,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens a connection to the first of the checked addresses that accepts one.
pub(super) async fn dial(permit: &Permit, to: &CheckedAddresses, trust: &Trust) -> Result<Upstream, Refusal> {
    let mut refusal = permit.refuse(Rule::Unreachable);
    for address in to.iter() {
        match timeout(limits::CONNECT_TIME, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return open(permit, stream, address, trust).await,
            Ok(Err(error)) => refusal = permit.refuse(Rule::Unreachable).because(error.kind().to_string()),
            Err(_) => refusal = permit.refuse(Rule::Unreachable).because("it took too long"),
        }
    }
    Err(refusal)
}

async fn open(
    permit: &Permit,
    stream: TcpStream,
    address: SocketAddr,
    trust: &Trust,
) -> Result<Upstream, Refusal> {
    let _ = stream.set_nodelay(true);
    match permit.scheme() {
        Scheme::Http => start(permit, stream, address).await,
        Scheme::Https => {
            let secured = timeout(limits::HANDSHAKE_TIME, secure(permit, stream, trust)).await;
            let secured = secured.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            let stream =
                secured.map_err(|error| permit.refuse(Rule::UpstreamTls).because(describe(&error)))?;
            start(permit, stream, address).await
        }
    }
}

async fn secure(
    permit: &Permit,
    stream: TcpStream,
    trust: &Trust,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let host = permit.authority().host();
    let name = match host.address() {
        Some(address) => ServerName::from(address),
        None => ServerName::try_from(host.as_str().to_owned()).map_err(|_| io::ErrorKind::InvalidInput)?,
    };
    TlsConnector::from(trust.for_host(host))
        .connect(name, stream)
        .await
}

async fn start<S>(permit: &Permit, stream: S, address: SocketAddr) -> Result<Upstream, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(limits::UPSTREAM_BUFFER_BYTES)
        .max_header_size(limits::HEAD_BYTES);
    let opened = builder.handshake(TokioIo::new(stream)).await;
    let (sender, connection) = opened.map_err(|_| permit.refuse(Rule::UpstreamBroke))?;
    let task = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "upstream connection ended");
        }
    });
    Ok(Upstream {
        sender,
        address,
        task: task.abort_handle(),
    })
}

/// Says what is wrong with an upstream's TLS in words that hold nothing but the library's own.
fn describe(error: &io::Error) -> String {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(error)) => format!("{error}"),
        Some(error) => format!("{error}"),
        None => error.kind().to_string(),
    }
}
