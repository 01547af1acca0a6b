//! `git http-backend` behind a server of next to nothing: one request a connection, bodies as streams (RFC 3875).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};

/// Serves until it is dropped.
pub(super) struct HttpBackend {
    address: SocketAddr,
    has_ended: Arc<AtomicBool>,
}

struct Site {
    root: PathBuf,
    /// How git runs ssh.
    ssh: String,
}

impl HttpBackend {
    /// Serves all repositories in a folder; each is fetched anew before it is read.
    pub(super) fn serve(root: PathBuf, ssh: String) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let has_ended = Arc::new(AtomicBool::new(false));
        let (site, ended) = (Arc::new(Site { root, ssh }), Arc::clone(&has_ended));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let site = Arc::clone(&site);
                std::thread::spawn(move || {
                    if let Err(error) = answer(&site, stream) {
                        eprintln!("git http-backend: {error:#}");
                    }
                });
            }
        });
        Ok(Self { address, has_ended })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HttpBackend {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        let _woken = TcpStream::connect(self.address);
    }
}

fn answer(site: &Site, stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::with_capacity(256 << 10, stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    // Whoever only wanted to see whether somebody listens.
    let Some(first) = lines.first() else { return Ok(()) };
    let field = |name: &str| {
        let fields = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
        let mut named = fields.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.to_owned())
    };
    let mut words = first.split(' ').skip(1);
    let target = words.next().context("a request without a target")?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if query == "service=git-upload-pack" {
        fetch(site, path)?;
    }
    let is_chunked = field("transfer-encoding").is_some();
    let length = field("content-length").and_then(|length| length.parse().ok());
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &site.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_SSH_COMMAND", &site.ssh)
        .env("REMOTE_USER", "bench")
        .env(
            "REQUEST_METHOD",
            if first.starts_with("POST") { "POST" } else { "GET" },
        )
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query);
    for (variable, name) in [
        ("CONTENT_TYPE", "content-type"),
        ("CONTENT_LENGTH", "content-length"),
        ("GIT_PROTOCOL", "git-protocol"),
        ("HTTP_CONTENT_ENCODING", "content-encoding"),
    ] {
        if let Some(value) = field(name) {
            command.env(variable, value);
        }
    }
    if field("expect").is_some() {
        (&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    run(command, &mut reader, is_chunked, length.unwrap_or(0), stream)
}

fn fetch(site: &Site, path: &str) -> Result<()> {
    let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let mirror: &Path = &site.root.join(name);
    let mut fetch = Command::new("git");
    fetch.current_dir(mirror).env("GIT_SSH_COMMAND", &site.ssh);
    let status = fetch.args(["fetch", "--quiet", "--prune", "origin"]).status()?;
    ensure!(status.success(), "the mirror cannot be fetched");
    Ok(())
}

fn run(
    mut command: Command,
    reader: &mut impl BufRead,
    is_chunked: bool,
    length: u64,
    mut stream: TcpStream,
) -> Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no pipe")?;
    let mut stdout = BufReader::with_capacity(256 << 10, child.stdout.take().context("no pipe")?);
    match is_chunked {
        true => copy_chunks(reader, &mut stdin)?,
        false => drop(io::copy(&mut reader.take(length), &mut stdin)?),
    }
    drop(stdin);
    let (mut fields, mut status) = (String::new(), "200 OK".to_owned());
    loop {
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        if line.trim_end().is_empty() {
            break;
        }
        match line.strip_prefix("Status: ") {
            Some(other) => status = other.trim_end().to_owned(),
            None => fields.push_str(&line),
        }
    }
    write!(stream, "HTTP/1.1 {status}\r\n{fields}Connection: close\r\n\r\n")?;
    io::copy(&mut stdout, &mut stream)?;
    child.wait()?;
    Ok(())
}

fn copy_chunks(reader: &mut impl BufRead, to: &mut impl Write) -> Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = u64::from_str_radix(line.trim_end(), 16)?;
        io::copy(&mut reader.by_ref().take(length), to)?;
        reader.read_line(&mut line)?;
        if length == 0 {
            return Ok(());
        }
    }
}
