//! One client: a connection through a proxy, HTTP/1.1 by hand, as little work as possible.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificates;
use crate::scenario::{HOST, Scenario};

/// Where requests go, and how.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Way {
    /// The port of the upstream
    #[arg(long)]
    pub(crate) upstream: u16,
    /// The proxy; without one requests go straight to the upstream
    #[arg(long)]
    pub(crate) proxy: Option<SocketAddr>,
    /// The proxy's token
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// The authorities that sign what the client sees
    #[arg(long)]
    pub(crate) trusted: PathBuf,
}

/// What all clients of one load share.
#[derive(Debug)]
pub(crate) struct Route {
    address: SocketAddr,
    /// The request that opens a tunnel.
    tunnel: Option<String>,
    tls: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

/// An answer, but for its body's content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body_bytes: usize,
}

const BUFFER_BYTES: usize = 64 << 10;
const TUNNEL_ANSWER_BYTES: usize = 4 << 10;

impl Way {
    /// The arguments that say the same.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec!["--upstream".into(), self.upstream.to_string().into()];
        if let Some(proxy) = self.proxy {
            arguments.extend(["--proxy".into(), proxy.to_string().into()]);
        }
        if let Some(token) = &self.token {
            arguments.extend(["--token".into(), token.into()]);
        }
        arguments.extend(["--trusted".into(), self.trusted.clone().into()]);
        arguments
    }

    /// Reads the certificates and prepares the rest.
    pub(crate) fn route(&self) -> Result<Route> {
        let authority = format!("{HOST}:{}", self.upstream);
        let token = self
            .token
            .as_ref()
            .map(|token| format!("Proxy-Authorization: Bearer {token}\r\n"));
        let tunnel = format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{}\r\n",
            token.unwrap_or_default()
        );
        Ok(Route {
            address: self
                .proxy
                .unwrap_or_else(|| ([127, 0, 0, 1], self.upstream).into()),
            tunnel: self.proxy.map(|_| tunnel),
            tls: certificates::client_config(&self.trusted)?,
            name: ServerName::try_from(HOST)?,
        })
    }
}

impl Client {
    /// Connects, through the tunnel if there is a proxy, and verifies whoever answers.
    pub(crate) async fn connect(route: &Route) -> Result<Self> {
        let mut stream = TcpStream::connect(route.address).await?;
        stream.set_nodelay(true)?;
        if let Some(tunnel) = &route.tunnel {
            stream.write_all(tunnel.as_bytes()).await?;
            read_tunnel_answer(&mut stream).await?;
        }
        let stream = TlsConnector::from(Arc::clone(&route.tls)).connect(route.name.clone(), stream);
        Ok(Self {
            stream: stream.await.context("TLS failed")?,
            buffer: vec![0; BUFFER_BYTES],
        })
    }

    /// Sends one request and reads its answer to the end.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        let mut filled = 0;
        loop {
            let free = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = self.stream.read(free).await?;
            ensure!(read > 0, "the connection ended inside an answer's head");
            filled += read;
            let Some((head, answer)) = parse(self.buffer.get(..filled).unwrap_or_default())? else {
                continue;
            };
            let missing = (head + answer.body_bytes).checked_sub(filled);
            self.skip(missing.context("the answer is longer than it says")?)
                .await?;
            return Ok(answer);
        }
    }

    /// The same, where only one answer will do.
    pub(crate) async fn expect(&mut self, request: &[u8], scenario: Scenario) -> Result<()> {
        let answer = self.exchange(request).await?;
        let body_bytes = scenario.answer_bytes();
        ensure!(
            answer
                == Answer {
                    status: 200,
                    body_bytes
                },
            "an unexpected {answer:?}"
        );
        Ok(())
    }

    async fn skip(&mut self, mut missing: usize) -> Result<()> {
        while missing > 0 {
            let read = self.stream.read(&mut self.buffer).await?;
            ensure!(read > 0, "the connection ended inside an answer's body");
            missing = missing
                .checked_sub(read)
                .context("the answer is longer than it says")?;
        }
        Ok(())
    }
}

/// Reads to the end of the proxy's answer and not one byte further.
async fn read_tunnel_answer(stream: &mut TcpStream) -> Result<()> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut some = [0; TUNNEL_ANSWER_BYTES];
        let read = stream.read(&mut some).await?;
        answer.extend_from_slice(some.get(..read).unwrap_or_default());
        ensure!(
            read > 0 && answer.len() < TUNNEL_ANSWER_BYTES,
            "the proxy did not answer CONNECT"
        );
    }
    let first = String::from_utf8_lossy(&answer);
    let first = first.lines().next().unwrap_or_default();
    ensure!(
        first.split(' ').nth(1) == Some("200"),
        "the proxy answered {first:?}"
    );
    Ok(())
}

/// Returns the length of a head and what it says, once it is whole.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Answer)>> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = head.parse(bytes)? else {
        ensure!(bytes.len() < BUFFER_BYTES, "an answer's head is too long");
        return Ok(None);
    };
    let status = head.code.context("an answer has no status")?;
    let field = head
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let Some(field) = field else {
        bail!("an answer {status} has no length");
    };
    let body_bytes = std::str::from_utf8(field.value)?.parse()?;
    Ok(Some((length, Answer { status, body_bytes })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_its_status_and_length() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab";
        let answer = Answer {
            status: 200,
            body_bytes: 3,
        };
        assert_eq!(parse(bytes).unwrap(), Some((38, answer)));
    }

    #[test]
    fn half_a_head_is_none() {
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
    }

    #[test]
    fn an_answer_without_length_is_an_error() {
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
