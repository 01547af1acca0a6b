//! `bottle-sidecar egress` as a process: the proxy alone.
#![cfg(test)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::sidecar::SIDECAR;
use common::{PATIENCE, Process, until};
use rustix::process::Signal;

/// A proxy with a folder of its own, and the lines that it logged so far.
struct Proxy {
    folder: tempfile::TempDir,
    process: Process,
    log: BufReader<std::process::ChildStderr>,
}

impl Proxy {
    fn start(routes: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("routes.yaml"), routes).unwrap();
        fs::write(folder.path().join("token"), "open sesame\n").unwrap();
        let mut process = Command::new(SIDECAR)
            .current_dir(folder.path())
            .args(["egress", "--routes", "routes.yaml"])
            .args(arguments)
            .env("EXAMPLE_TOKEN", "token-of-example")
            .env("OTHER_TOKEN", "token-of-another")
            .stderr(Stdio::piped())
            .spawn()
            .map(Process)
            .unwrap();
        let log = BufReader::new(process.0.stderr.take().unwrap());
        Self { folder, process, log }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Reads its log up to a line that holds this text, and returns that line.
    fn says(&mut self, text: &str) -> String {
        let mut line = String::new();
        while self.log.read_line(&mut line).unwrap() > 0 {
            if line.contains(text) {
                return line;
            }
            line.clear();
        }
        panic!("it never said {text:?}");
    }

    /// Returns its exit status and everything that it logged.
    fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        (self.process.wait().code(), log)
    }

    fn reload(&mut self, routes: &str) {
        fs::write(self.path("routes.yaml"), routes).unwrap();
        self.process.signal(Signal::HUP);
    }

    fn on_socket(&self, target: &str) -> String {
        exchange(UnixStream::connect(self.path("e.sock")).unwrap(), target, "")
    }
}

/// Sends one request and returns the whole answer.
fn exchange(mut stream: impl Read + Write, target: &str, fields: &str) -> String {
    let host = target.trim_start_matches("http://").split('/').next().unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{fields}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// Answers one request with its own head.
fn echo_head(listener: TcpListener) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .unwrap();
        head
    })
}

fn routes(host: &str) -> String {
    format!("egress:\n  routes:\n    - host: {host}\n      ports: [80]\n")
}

const ON_SOCKET: [&str; 2] = ["--listen", "unix:e.sock"];

#[test]
fn a_listed_host_is_reached_and_any_other_refused() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let resolve = format!("a.example:80:{}", upstream.local_addr().unwrap());
    let served = echo_head(upstream);
    let arguments = [
        "--resolve",
        &resolve,
        "--events",
        "events.jsonl",
        "--ca-cert-out",
        "ca.pem",
    ];
    let mut proxy = Proxy::start(&routes("a.example"), &[&ON_SOCKET[..], &arguments].concat());
    proxy.says("listening");
    let answer = proxy.on_socket("http://a.example/v1?q=1");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok"),
        "{answer}"
    );
    assert!(served.join().unwrap().starts_with("GET /v1?q=1 HTTP/1.1\r\n"));
    let refused = proxy.on_socket("http://b.example/");
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    assert!(
        fs::read_to_string(proxy.path("ca.pem"))
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
    let mode = fs::metadata(proxy.path("e.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let socket = proxy.path("e.sock");
    proxy.process.signal(Signal::TERM);
    assert_eq!(proxy.process.wait().code(), Some(0));
    assert!(!socket.exists());
    let events = fs::read_to_string(proxy.path("events.jsonl")).unwrap();
    let verdicts: Vec<bool> = events.lines().map(|line| line.contains("\"allowed\"")).collect();
    assert_eq!(verdicts, [true, false], "{events}");
}

#[test]
fn a_tcp_listener_wants_its_token() {
    let arguments = ["--listen", "tcp:127.0.0.1:0", "--token-file", "token"];
    let mut proxy = Proxy::start(&routes("a.example"), &arguments);
    let line = proxy.says("listening");
    let address = line.trim().rsplit("tcp:").next().unwrap().to_owned();
    let ask = |fields: &str| {
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        exchange(stream, "http://_egress.local/allowlist", fields)
    };
    assert!(ask("").starts_with("HTTP/1.1 407 "));
    assert!(ask("Proxy-Authorization: Bearer wrong\r\n").starts_with("HTTP/1.1 407 "));
    assert!(ask("Proxy-Authorization: Bearer open sesame\r\n").starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_tcp_listener_without_a_token_is_refused() {
    let (status, log) = Proxy::start(&routes("a.example"), &["--listen", "tcp:127.0.0.1:0"]).end();
    assert_eq!(status, Some(1));
    assert!(log.contains("needs --token-file"), "{log}");
}

#[test]
fn sighup_puts_other_routes_in_force_and_mistakes_change_nothing() {
    let mut proxy = Proxy::start(&routes("a.example"), &ON_SOCKET);
    proxy.says("listening");
    let list = |proxy: &Proxy| proxy.on_socket("http://_egress.local/allowlist");
    proxy.reload(&routes("b.example"));
    proxy.says("other routes are in force");
    assert!(list(&proxy).contains("b.example"));
    proxy.reload("egress:\n  routes:\n    - hosts: c.example\n");
    proxy.says("the routes stay as they were");
    assert!(list(&proxy).contains("b.example"));
}

#[test]
fn a_credential_stays_with_its_variable_when_routes_move() {
    let with = |host: &str, variable: &str| {
        format!("    - host: {host}\n      auth: {{scheme: Bearer, token_ref: {variable}}}\n")
    };
    let both = format!(
        "egress:\n  routes:\n{}{}",
        with("a.example", "EXAMPLE_TOKEN"),
        with("b.example", "OTHER_TOKEN")
    );
    let mut proxy = Proxy::start(&both, &ON_SOCKET);
    proxy.says("listening");
    proxy.reload(&format!(
        "egress:\n  routes:\n{}",
        with("b.example", "OTHER_TOKEN")
    ));
    proxy.says("other routes are in force");
    proxy.reload(&format!(
        "egress:\n  routes:\n{}",
        with("b.example", "THIRD_TOKEN")
    ));
    let line = proxy.says("the routes stay as they were");
    assert!(
        line.contains("THIRD_TOKEN") && !line.contains("token-of"),
        "{line}"
    );
}

#[test]
fn what_is_missing_is_said_before_anything_is_served() {
    let auth =
        "egress:\n  routes:\n    - host: a.example\n      auth: {scheme: Bearer, token_ref: UNSET_TOKEN}\n";
    for (routes, expected) in [
        (auth, "not set in the environment: UNSET_TOKEN"),
        (
            "egress:\n  routes:\n    - hosts: a.example\n",
            "the routes have mistakes",
        ),
        ("", "the routes have mistakes"),
    ] {
        let (status, log) = Proxy::start(routes, &ON_SOCKET).end();
        assert_eq!(status, Some(1), "{log}");
        assert!(log.contains(expected), "{log}");
    }
    let (status, log) = Proxy::start(&routes("a.example"), &["--listen", "9099"]).end();
    assert_eq!(status, Some(2));
    assert!(log.contains("an address is tcp:ADDRESS:PORT"), "{log}");
}

#[test]
fn the_log_never_holds_a_credential() {
    let auth =
        "egress:\n  routes:\n    - host: a.example\n      auth: {scheme: Bearer, token_ref: EXAMPLE_TOKEN}\n";
    let mut proxy = Proxy::start(auth, &ON_SOCKET);
    proxy.says("listening");
    let answer = proxy.on_socket("http://_egress.local/allowlist");
    assert!(!answer.contains("token-of-example"));
    let _refused = until("it answers", || Some(proxy.on_socket("http://a.example/")));
    proxy.process.signal(Signal::TERM);
    let (status, log) = proxy.end();
    assert_eq!(status, Some(0));
    assert!(!log.contains("token-of-example"), "{log}");
}
