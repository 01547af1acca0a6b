//! A guest that writes bytes of its own choosing and reads what comes back.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;

use super::Door;

trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

/// A connection of a guest.
pub(crate) struct Guest {
    stream: Box<dyn Both>,
    ahead: Vec<u8>,
    patience: Duration,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The rule of a refusal, which the header and the body must name alike.
    pub(crate) fn rule(&self) -> String {
        let rule = self.json()["rule"].as_str().unwrap().to_owned();
        let decision = &self.headers["x-bottle-decision"];
        assert!(decision.ends_with(&format!("; rule={rule}")), "{decision}");
        assert_eq!(self.headers["content-type"], "application/json");
        rule
    }
}

impl Guest {
    pub(crate) async fn plain(door: &Door) -> Self {
        let stream = UnixStream::connect(&door.socket).await.unwrap();
        Self::over(stream)
    }

    pub(crate) fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            ahead: Vec::new(),
            patience: Duration::from_secs(20),
        }
    }

    /// Opens a tunnel and shakes hands under the given name, believing the bottle's authority alone.
    pub(crate) async fn tunnel(door: &Door, authority: &str, name: Option<&str>) -> Self {
        let mut guest = Self::plain(door).await;
        guest.connect(authority).await;
        guest.secure(door, authority, name).await
    }

    pub(crate) async fn connect(&mut self, authority: &str) {
        let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        self.write(head.as_bytes()).await;
        let (head, _) = self.head().await.unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    }

    pub(crate) async fn secure(self, door: &Door, authority: &str, name: Option<&str>) -> Self {
        let host = authority.rsplit_once(':').unwrap().0;
        let name = name.unwrap_or(host).to_owned().try_into().unwrap();
        let connector = TlsConnector::from(Arc::new(tls(door)));
        Self::over(connector.connect(name, self.stream).await.unwrap())
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends every further byte alone, and lets the door look at it before the next one.
    pub(crate) fn trickling(self) -> Self {
        Self {
            stream: Box::new(Trickle {
                stream: self.stream,
                rest: 0,
            }),
            ahead: self.ahead,
            patience: self.patience,
        }
    }

    /// Sends a request without a body and reads its answer.
    pub(crate) async fn get(&mut self, host: &str, path: &str) -> Answer {
        self.ask("GET", host, path, "").await
    }

    /// Sends a request with further field lines and reads its answer.
    pub(crate) async fn ask(&mut self, method: &str, host: &str, path: &str, lines: &str) -> Answer {
        self.write(format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n").as_bytes())
            .await;
        self.answer(method == "HEAD").await.unwrap()
    }

    /// Reads one whole answer.
    pub(crate) async fn answer(&mut self, bodiless: bool) -> io::Result<Answer> {
        let (head, headers) = self.head().await?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if bodiless || status == 204 || status == 304 || status < 200 {
            Vec::new()
        } else if headers
            .get("transfer-encoding")
            .is_some_and(|coding| coding == "chunked")
        {
            self.chunks().await?
        } else {
            let length: usize = headers
                .get("content-length")
                .map_or(0, |length| length.parse().unwrap());
            self.exactly(length).await?
        };
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Waits for whatever comes next, however long it takes.
    pub(crate) fn patiently(&mut self) -> &mut Self {
        self.patience = Duration::from_secs(3600);
        self
    }

    /// Reads an answer's head: the status line, and the fields by lower-case name.
    pub(crate) async fn head(&mut self) -> io::Result<(String, BTreeMap<String, String>)> {
        let head = self.until(b"\r\n\r\n").await?;
        let text = String::from_utf8(head).unwrap();
        let mut lines = text.trim_end().split("\r\n");
        let status = lines.next().unwrap().to_owned();
        let fields = lines.map(|line| line.split_once(": ").unwrap());
        Ok((
            status,
            fields
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
        ))
    }

    /// Reads one chunk.
    pub(crate) async fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let size = String::from_utf8(self.until(b"\r\n").await?).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            return Ok(Vec::new());
        }
        let chunk = self.exactly(size).await?;
        assert_eq!(self.exactly(2).await?, b"\r\n");
        Ok(chunk)
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk().await?;
            if chunk.is_empty() {
                while self.until(b"\r\n").await? != b"\r\n" {}
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    /// Reads up to and with an end.
    pub(crate) async fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.ahead.windows(end.len()).position(|window| window == end) {
                return Ok(self.ahead.drain(..at + end.len()).collect());
            }
            self.fill().await?;
        }
    }

    pub(crate) async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < length {
            self.fill().await?;
        }
        Ok(self.ahead.drain(..length).collect())
    }

    /// Tells whether the connection ends without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.ahead.is_empty() && self.fill().await.is_err()
    }

    async fn fill(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 16 << 10];
        let read = tokio::time::timeout(self.patience, self.stream.read(&mut buffer)).await;
        let count = read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.ahead.extend_from_slice(&buffer[..count]);
        Ok(())
    }
}

/// What a guest believes: the bottle's authority and nothing else.
pub(crate) fn tls(door: &Door) -> rustls::ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(door.ca.as_bytes()).unwrap())
        .unwrap();
    let builder =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}

struct Trickle {
    stream: Box<dyn Both>,
    rest: u8,
}

impl AsyncRead for Trickle {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Trickle {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.rest > 0 {
            self.rest -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.rest = 4;
        Pin::new(&mut self.stream).poll_write(context, &bytes[..bytes.len().min(1)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
