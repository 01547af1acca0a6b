//! An upstream with a certificate of its own authority; it keeps what it was sent, byte for byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(crate) type Stream = BufReader<tokio_rustls::server::TlsStream<TcpStream>>;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) connection: usize,
}

impl Seen {
    /// The request line.
    pub(crate) fn line(&self) -> &str {
        self.head.split("\r\n").next().unwrap()
    }

    /// Every value of a field.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let fields = self
            .head
            .split("\r\n")
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) root: CertificateDer<'static>,
    pub(crate) connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// Answers every request with what the function returns: whole bytes of an answer.
    pub(crate) async fn answering(
        hosts: &[&str],
        answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let (answer, log) = (Arc::new(answer), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&log);
        let mut upstream = Self::serving(hosts, move |mut stream, connection| {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            async move {
                while let Some(mut seen) = read(&mut stream).await {
                    seen.connection = connection;
                    let bytes = answer(&seen);
                    log.lock().unwrap().push(seen);
                    if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                    if bytes.is_empty() {
                        return;
                    }
                }
            }
        })
        .await;
        upstream.seen = seen;
        upstream
    }

    /// Serves every connection by a function of the test's own.
    pub(crate) async fn serving<F, T>(hosts: &[&str], serve: F) -> Self
    where
        F: Fn(Stream, usize) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let (config, root) = certified(hosts);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = count.fetch_add(1, Ordering::SeqCst);
                if let Ok(stream) = acceptor.accept(stream).await {
                    tokio::spawn(serve(BufReader::new(stream), number));
                }
            }
        });
        Self {
            address,
            root,
            connections,
            seen: Arc::default(),
        }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    /// How many connections were accepted.
    pub(crate) fn dials(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// An answer with a length.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Reads a request's head and nothing of its body.
pub(crate) async fn read_head(stream: &mut Stream) -> String {
    head(stream).await.unwrap()
}

async fn head(stream: &mut Stream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8(head).unwrap())
}

/// Reads one request; nothing when the connection ended.
pub(crate) async fn read(stream: &mut Stream) -> Option<Seen> {
    let mut seen = Seen {
        head: head(stream).await?,
        ..Seen::default()
    };
    if seen.values("transfer-encoding") == ["chunked"] {
        while !seen.body.ends_with(b"0\r\n\r\n") && !ends_with_trailers(&seen.body) {
            if stream.read_until(b'\n', &mut seen.body).await.ok()? == 0 {
                return None;
            }
        }
    } else if let [length] = seen.values("content-length")[..] {
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await.ok()?;
        seen.body = body;
    }
    Some(seen)
}

fn ends_with_trailers(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.ends_with("\r\n\r\n") && (text.contains("\r\n0\r\n") || text.starts_with("0\r\n"))
}

fn certified(hosts: &[&str]) -> (rustls::ServerConfig, CertificateDer<'static>) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = ca.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let leaf = CertificateParams::new(hosts)
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = builder
        .with_no_client_auth()
        .with_single_cert(vec![leaf.into()], key)
        .unwrap();
    (config, root.into())
}
