//! `bottle-relay self-check`, in network namespaces like a guest's.
#![cfg(test)]

mod common;

use std::io::{BufRead, BufReader};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use bottle_wire::check::{Check, Finding, SelfCheck};
use common::{Process, RELAY, children, in_fresh_network, is_root, liars, path_in};

/// A guest's network with a relay and a door in it; the relay's process stands for the namespace.
struct Guest {
    folder: tempfile::TempDir,
    relay: Process,
    door: UnixListener,
}

impl Guest {
    fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts the relay with further arguments, in which `SOCKET` stands for the door's.
    fn start_with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = path_in(&folder, "egress.sock");
        let door = UnixListener::bind(&socket).unwrap();
        let pair = format!("9099={}", socket.display());
        // Unwatched, so that a test can give the namespace a network and see the self-check find it.
        let relay = Process::start(
            in_fresh_network(RELAY)
                .args(["--unwatched", &pair])
                .args(about(more, &socket))
                .stderr(Stdio::null()),
        );
        common::until("it became the relay", || {
            let name = std::fs::read_to_string(format!("/proc/{}/comm", relay.pid())).ok()?;
            (name.trim() == "bottle-relay").then_some(())
        });
        Self { folder, relay, door }
    }

    fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.relay.pid()));
        command
    }

    fn run(&self, words: &[&str]) {
        let output = self.inside().args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    }

    /// Self-checks as an ordinary user without capabilities, among tools that all lie.
    fn check(&self) -> (Option<i32>, SelfCheck) {
        self.check_with(&[])
    }

    fn check_with(&self, more: &[&str]) -> (Option<i32>, SelfCheck) {
        let liars = liars();
        let pair = format!("9099={}", path_in(&self.folder, "egress.sock").display());
        let output = self
            .inside()
            .args([
                "setpriv",
                "--bounding-set",
                "-all",
                "--inh-caps",
                "-all",
                "--no-new-privs",
            ])
            .args(["env", "-i"])
            .arg(format!("PATH={}", liars.path().display()))
            .args([RELAY, "self-check", &pair])
            .args(about(more, &path_in(&self.folder, "egress.sock")))
            .output()
            .unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        (output.status.code(), serde_json::from_str(&line).unwrap())
    }
}

/// Writes a socket's path where `SOCKET` stands.
fn about(words: &[&str], socket: &Path) -> Vec<String> {
    let socket = socket.to_string_lossy();
    words.iter().map(|word| word.replace("SOCKET", &socket)).collect()
}

fn found(check: &SelfCheck, which: Check) -> &Finding {
    check
        .findings
        .iter()
        .find(|finding| finding.check == which)
        .unwrap()
}

#[test]
fn self_check_survives_lying_guest_tools() {
    if !is_root("self_check_survives_lying_guest_tools") {
        return;
    }
    let guest = Guest::start();
    guest.run(&["ip", "link", "add", "evil0", "type", "veth"]);
    guest.run(&["ip", "address", "add", "198.51.100.2/24", "dev", "evil0"]);
    guest.run(&["ip", "link", "set", "evil0", "up"]);
    guest.run(&["ip", "route", "add", "default", "via", "198.51.100.1"]);
    let (status, check) = guest.check();
    assert_eq!(status, Some(1));
    assert!(!check.ok);
    for which in [Check::Interfaces, Check::Routes, Check::Unreachable] {
        assert!(!found(&check, which).ok, "{check:?}");
    }
    assert!(found(&check, Check::Interfaces).found.contains("evil0"));
}

#[test]
fn a_guest_with_loopback_alone_has_no_network() {
    if !is_root("a_guest_with_loopback_alone_has_no_network") {
        return;
    }
    let (_, check) = Guest::start().check();
    for which in [
        Check::Interfaces,
        Check::Routes,
        Check::Ipv6Addresses,
        Check::Unreachable,
        Check::Names,
        Check::Doors,
    ] {
        assert!(found(&check, which).ok, "{check:?}");
    }
}

/// Without a filter the probes succeed: the proof that they could find something.
#[test]
fn without_a_filter_forbidden_families_and_calls_are_found() {
    if !is_root("without_a_filter_forbidden_families_and_calls_are_found") {
        return;
    }
    let (status, check) = Guest::start().check();
    assert_eq!(status, Some(1));
    assert!(!found(&check, Check::IoUring).ok, "{check:?}");
    assert!(!found(&check, Check::SocketFamilies).ok, "{check:?}");
    let entry = cfg!(target_arch = "x86_64") && !found(&check, Check::ForeignAbi).ok;
    if !entry {
        eprintln!("this kernel has no 32-bit entry: {check:?}");
    }
}

#[test]
fn a_door_that_does_not_answer_and_a_resolver_are_found() {
    if !is_root("a_door_that_does_not_answer_and_a_resolver_are_found") {
        return;
    }
    let guest = Guest::start();
    std::fs::remove_file(path_in(&guest.folder, "egress.sock")).unwrap();
    let resolver = Process::start(
        guest
            .inside()
            .args(["python3", "-c", RESOLVER])
            .stdout(Stdio::piped()),
    );
    common::until("the resolver listens", || {
        let sockets = std::fs::read_to_string(format!("/proc/{}/net/udp", resolver.pid())).ok()?;
        sockets.contains("0100007F:0035").then_some(())
    });
    let (_, check) = guest.check();
    assert!(!found(&check, Check::Doors).ok, "{check:?}");
    assert_eq!(
        found(&check, Check::Names).found,
        "127.0.0.1 answers with an address"
    );
}

#[test]
fn a_relay_reports_once_its_doors_are_open() {
    if !is_root("a_relay_reports_once_its_doors_are_open") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = path_in(&folder, "egress.sock");
    let pair = format!("9099={}", socket.display());
    let mut relay = Process::start(
        in_fresh_network(RELAY)
            .args([&pair, "--report"])
            .stdout(Stdio::piped()),
    );
    let port = || std::fs::read_to_string(format!("/proc/{}/net/tcp", relay.pid())).ok();
    common::until("its port is there", || {
        port()?.contains("0100007F:238B").then_some(())
    });
    let _door = UnixListener::bind(&socket).unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(relay.0.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let check: SelfCheck = serde_json::from_str(&line).unwrap();
    assert!(found(&check, Check::Doors).ok, "{check:?}");
    assert!(found(&check, Check::Interfaces).ok, "{check:?}");
    common::until("the check was collected", || {
        children(relay.pid()).is_empty().then_some(())
    });
    relay.signal(rustix::process::Signal::TERM);
    assert_eq!(relay.wait().code(), Some(0));
}

/// Answers every question about a name, whether there is a route for it or not.
fn answer_questions(door: &UnixListener, answer: &'static str) {
    let door = door.try_clone().unwrap();
    std::thread::spawn(move || {
        for stream in door.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut request = [0; 1024];
                if stream.read(&mut request).is_ok_and(|length| length > 0) {
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn in_transparent_mode_the_relay_must_answer_and_nobody_else() {
    if !is_root("in_transparent_mode_the_relay_must_answer_and_nobody_else") {
        return;
    }
    let words = ["--transparent", "SOCKET"];
    for answer in [
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 503 Unavailable\r\n\r\n",
        // A bottle may well allow the very host that others are asked for.
        "HTTP/1.1 200 OK\r\n\r\n{\"ports\":[443]}",
    ] {
        let guest = Guest::start_with(&words);
        answer_questions(&guest.door, answer);
        let (_, check) = guest.check_with(&words);
        assert!(found(&check, Check::Names).ok, "{answer}: {check:?}");
    }
    // A relay that was not told to answer does not.
    let (_, check) = Guest::start().check_with(&words);
    assert_eq!(
        found(&check, Check::Names).found,
        "127.0.0.1 does not answer: Connection refused (os error 111)"
    );
}

/// Answers any question with one address record.
const RESOLVER: &str = r"
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 53))
while True:
    q, peer = s.recvfrom(512)
    s.sendto(q[:2] + b'\x81\x80\0\1\0\1\0\0\0\0' + q[12:] + b'\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1', peer)
";
