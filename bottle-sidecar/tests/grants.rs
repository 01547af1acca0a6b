//! What was approved, while it holds and when it ends: a real TLS upstream behind a real sidecar.
#![cfg(test)]

mod common;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use bottle_plan::egress::{EgressPlan, UpstreamCa};
use bottle_wire::boot::{Base64, Boot, BootAnswer, EgressBoot, UpstreamRoots};
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::supervise::{Decision, GrantTime, Inbox, QuestionState};
use common::agent::Agent;
use common::sidecar::{Sidecar, boot};
use common::{children, free_port, signal_process, until};
use rustix::process::Signal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

const HOST: &str = "new.example.com";
/// Longer than anything here takes, and than a grant that must have ended before.
const LONG: Duration = Duration::from_secs(45);

/// An upstream's address and certificate; it need not be there.
struct Upstream {
    port: u16,
    certified: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Upstream {
    fn new() -> Self {
        let certified = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        Self {
            port: free_port(),
            certified,
        }
    }

    /// Serves from now on: `/stream` begins an answer that never ends, anything else is `ok`.
    fn serve(&self) {
        let key = self.certified.signing_key.serialize_der();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certified.cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                std::thread::spawn(move || answer(config, stream));
            }
        });
    }

    /// The frame of a bottle that reaches nothing by itself; `later` seconds after the first.
    fn frame(&self, later: u64) -> Boot {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let plan = EgressPlan {
            resolve: vec![format!("{HOST}:443:{address}").parse().unwrap()],
            upstream_ca: vec![UpstreamCa {
                host: HOST.parse().unwrap(),
                file: "/upstream.pem".into(),
            }],
            ..EgressPlan::default()
        };
        let plain = boot(plan);
        Boot {
            supervise: true,
            now: plain.now + later,
            egress: EgressBoot {
                upstream_roots: vec![UpstreamRoots {
                    host: HOST.parse().unwrap(),
                    certificates: vec![Base64(self.certified.cert.der().to_vec())],
                }],
                ..plain.egress
            },
            ..plain
        }
    }
}

fn answer(config: Arc<ServerConfig>, stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(StreamOwned::new(ServerConnection::new(config).ok()?, stream));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|count| *count > 0)?;
    }
    let tls = reader.get_mut();
    if head.starts_with("GET /stream ") {
        tls.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .ok()?;
        tls.flush().ok()?;
        // Until the other side goes.
        let _gone = tls.read(&mut [0]);
        return Some(());
    }
    tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        .ok()?;
    tls.conn.send_close_notify();
    tls.flush().ok()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The bottle's own time, by which its certificates are dated.
#[derive(Debug)]
struct At(u64);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

struct Bottle {
    sidecar: Sidecar,
    tls: Arc<ClientConfig>,
}

impl Bottle {
    fn boot(mut sidecar: Sidecar, frame: &Boot) -> Self {
        let answer = sidecar.boot(frame);
        assert!(matches!(answer, BootAnswer::Ready { .. }), "{answer:?}");
        let authority = frame.egress.authority.certificate.as_bytes();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority).unwrap())
            .unwrap();
        let tls = ClientConfig::builder_with_details(provider(), Arc::new(At(frame.now + 60)))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            sidecar,
            tls: Arc::new(tls),
        }
    }

    /// Begins a request as a guest does.
    fn request(&self, path: &str) -> BufReader<StreamOwned<ClientConnection, UnixStream>> {
        let mut stream = UnixStream::connect(self.sidecar.path("doors/egress.sock")).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        write!(stream, "CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{head:?}");
        let name = HOST.to_owned().try_into().unwrap();
        let mut tls = StreamOwned::new(
            ClientConnection::new(Arc::clone(&self.tls), name).unwrap(),
            stream,
        );
        write!(tls, "GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n").unwrap();
        tls.flush().unwrap();
        BufReader::new(tls)
    }

    fn status(&self) -> u16 {
        let mut line = String::new();
        self.request("/").read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn inbox(&self) -> Inbox {
        match self.sidecar.ask(&ControlRequest::Inbox) {
            ControlAnswer::Inbox(inbox) => *inbox,
            other => panic!("{other:?}"),
        }
    }

    /// The agent asks for the host, and a person lets it pass for a while.
    fn grant(&self, time: GrantTime) {
        let asked = Agent::new(self.sidecar.path("doors/supervise.sock"), "2025-06-18").ask(HOST);
        let question = until("a question is open", || self.inbox().questions.pop());
        let answer = self.sidecar.ask(&ControlRequest::Answer {
            id: question.id,
            hash: question.hash,
            decision: Decision::Approve {
                time,
                notes: String::new(),
            },
        });
        assert!(
            matches!(answer, ControlAnswer::Answered(QuestionState::Approved { .. })),
            "{answer:?}"
        );
        asked.join().unwrap();
    }

    /// Kills the sidecar and all of its doors; returns what is left of it.
    fn kill(self) -> tempfile::TempDir {
        let Sidecar { root, mut process } = self.sidecar;
        for door in children(process.pid()) {
            signal_process(door, Signal::KILL);
        }
        process.signal(Signal::KILL);
        process.wait();
        root
    }
}

#[test]
fn expired_grant_closes_streams() {
    let upstream = Upstream::new();
    upstream.serve();
    let bottle = Bottle::boot(Sidecar::start(), &upstream.frame(0));
    assert_eq!(bottle.status(), 403);
    bottle.grant(GrantTime::Minutes(1));
    assert_eq!(bottle.status(), 200);
    // A sidecar that is started anew much later finds that ten seconds of the minute are left.
    let bottle = Bottle::boot(Sidecar::start_in(bottle.kill()), &upstream.frame(50));
    let mut stream = bottle.request("/stream");
    let mut line = String::new();
    while line != "hello\r\n" {
        line.clear();
        assert_ne!(
            stream.read_line(&mut line).unwrap(),
            0,
            "it ended before it began"
        );
    }
    assert!(
        !bottle.inbox().grants.is_empty(),
        "the stream is open while the grant holds"
    );
    let ended = stream.read_to_end(&mut Vec::new());
    let timed_out =
        |error: &std::io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    assert!(
        ended.as_ref().err().is_none_or(|error| !timed_out(error)),
        "{ended:?}"
    );
    assert!(bottle.inbox().grants.is_empty());
    assert_eq!(bottle.status(), 403);
    let expired = |line: &String| line.contains(r#"{"expired":{"id":1}}"#);
    assert!(bottle.sidecar.events().iter().any(expired));
}

#[test]
fn once_is_used_up_by_a_request_that_got_through_to_the_host() {
    let upstream = Upstream::new();
    let bottle = Bottle::boot(Sidecar::start(), &upstream.frame(0));
    bottle.grant(GrantTime::Once);
    for _ in 0..3 {
        assert_eq!(bottle.status(), 502, "nobody is there, which uses nothing up");
    }
    upstream.serve();
    assert_eq!(bottle.status(), 200);
    until("it is used up", || (bottle.status() == 403).then_some(()));
    assert!(bottle.inbox().grants.is_empty());
}
