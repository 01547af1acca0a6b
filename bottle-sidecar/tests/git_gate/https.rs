//! A real HTTPS upstream: TLS, basic authentication, and `git http-backend` behind it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(crate) struct Https {
    port: u16,
    folder: tempfile::TempDir,
    has_ended: Arc<AtomicBool>,
    is_silent: Arc<AtomicBool>,
}

/// `x-access-token:secret-token-of-a-test`
const EXPECTED: &str = "Basic eC1hY2Nlc3MtdG9rZW46c2VjcmV0LXRva2VuLW9mLWEtdGVzdA==";
pub(crate) const TOKEN: &str = "secret-token-of-a-test";

#[derive(Clone)]
struct Site {
    git: PathBuf,
    root: PathBuf,
    is_silent: Arc<AtomicBool>,
}

impl Https {
    /// Serves all repositories below a folder.
    pub(crate) fn start(git: &Path, root: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certified.cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let chain = vec![CertificateDer::from(certified.cert.der().to_vec())];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let has_ended = Arc::new(AtomicBool::new(false));
        let site = Site {
            git: git.to_owned(),
            root: root.to_owned(),
            is_silent: Arc::default(),
        };
        let is_silent = Arc::clone(&site.is_silent);
        let ended = Arc::clone(&has_ended);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (site, config) = (site.clone(), Arc::clone(&config));
                std::thread::spawn(move || serve(&site, config, stream));
            }
        });
        Self {
            port,
            folder,
            has_ended,
            is_silent,
        }
    }

    /// Lets whoever pushes wait, or no longer.
    pub(crate) fn fall_silent(&self, silent: bool) {
        self.is_silent.store(silent, Ordering::Relaxed);
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.port)
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        let _woken = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One request a connection.
fn serve(site: &Site, config: Arc<ServerConfig>, stream: TcpStream) -> Option<()> {
    let tls = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    let mut reader = BufReader::new(tls);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let field = |name: &str| {
        let fields = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
        fields
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .next()
    };
    if field("expect").is_some() {
        reader
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .ok()?;
    }
    let body = read_body(
        &mut reader,
        field("content-length").as_deref(),
        field("transfer-encoding").is_some(),
    )?;
    let mut words = lines.first()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    while method == "POST" && target.ends_with("git-receive-pack") && site.is_silent.load(Ordering::Relaxed) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let answer = match field("authorization").as_deref() {
        Some(EXPECTED) => backend(site, method, target, &field, &body)?,
        _ => b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
    };
    let tls = reader.get_mut();
    tls.write_all(&answer).ok()?;
    tls.conn.send_close_notify();
    tls.flush().ok()
}

fn read_body(reader: &mut impl BufRead, length: Option<&str>, chunked: bool) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    if chunked {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let length = u64::from_str_radix(line.trim_end(), 16).ok()?;
            reader.by_ref().take(length).read_to_end(&mut body).ok()?;
            reader.read_line(&mut line).ok()?;
            if length == 0 {
                return Some(body);
            }
        }
    }
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    reader.take(length).read_to_end(&mut body).ok()?;
    Some(body)
}

/// CGI (RFC 3875), as far as `git http-backend` needs it.
fn backend(
    site: &Site,
    method: &str,
    target: &str,
    field: &dyn Fn(&str) -> Option<String>,
    body: &[u8],
) -> Option<Vec<u8>> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut command = Command::new(&site.git);
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &site.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "tester")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_LENGTH", body.len().to_string());
    for (variable, name) in [
        ("CONTENT_TYPE", "content-type"),
        ("GIT_PROTOCOL", "git-protocol"),
        ("HTTP_CONTENT_ENCODING", "content-encoding"),
    ] {
        command.env(variable, field(name).unwrap_or_default());
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let body = body.to_vec();
    let feeding = std::thread::spawn(move || stdin.write_all(&body));
    let output = child.wait_with_output().ok()?;
    let _fed = feeding.join();
    let end = output
        .stdout
        .windows(4)
        .position(|window| window == b"\r\n\r\n")?;
    let (head, content) = output.stdout.split_at(end + 4);
    let head = String::from_utf8_lossy(head).into_owned();
    let status = head
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK")
        .to_owned();
    let fields: String = head
        .trim_end()
        .lines()
        .filter(|line| !line.starts_with("Status: "))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\nConnection: close\r\n\r\n",
        content.len()
    );
    Some([head.as_bytes(), content].concat())
}
