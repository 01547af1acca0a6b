//! The relay as a process, between TCP clients and Unix servers.
#![cfg(test)]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Process, RELAY, Relay, children, free_port, in_fresh_network, is_root, path_in, until};
use rustix::process::Signal;

/// Serves each connection in a thread of its own until the test's process ends.
fn serve(path: &Path, handle: fn(UnixStream)) {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || handle(stream));
        }
    });
}

fn echo(mut stream: UnixStream) {
    let mut writer = stream.try_clone().unwrap();
    let _copied = std::io::copy(&mut stream, &mut writer);
    let _ended = writer.shutdown(Shutdown::Write);
}

/// Says how much arrived, once the other side has ended.
fn count(mut stream: UnixStream) {
    let count = std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    stream.write_all(count.to_string().as_bytes()).unwrap();
}

fn ask(mut stream: TcpStream, question: &[u8]) -> String {
    stream.write_all(question).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_half_close_is_passed_on_and_the_answer_still_comes() {
    let folder = tempfile::tempdir().unwrap();
    let socket = path_in(&folder, "s");
    serve(&socket, count);
    let relay = Relay::start(&socket);
    assert_eq!(ask(relay.connect(), b"hello"), "5");
}

#[test]
fn many_connections_are_open_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let socket = path_in(&folder, "s");
    serve(&socket, echo);
    let relay = Relay::start(&socket);
    let mut streams: Vec<TcpStream> = (0..300).map(|_| relay.connect()).collect();
    for (number, stream) in streams.iter_mut().enumerate() {
        write!(stream, "{number:04}").unwrap();
    }
    for (number, stream) in streams.iter_mut().enumerate().rev() {
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, format!("{number:04}").as_bytes());
    }
}

#[test]
fn a_hundred_megabytes_pass_both_ways() {
    const BYTES: usize = 100 << 20;
    let folder = tempfile::tempdir().unwrap();
    let socket = path_in(&folder, "s");
    serve(&socket, echo);
    let relay = Relay::start(&socket);
    let mut reader = relay.connect();
    let mut writer = reader.try_clone().unwrap();
    let block: Vec<u8> = (0..=255_u8).cycle().take(1 << 20).collect();
    let sent = block.clone();
    let upload = std::thread::spawn(move || {
        for _ in 0..BYTES / sent.len() {
            writer.write_all(&sent).unwrap();
        }
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut received = vec![0; block.len()];
    for _ in 0..BYTES / block.len() {
        reader.read_exact(&mut received).unwrap();
        assert!(received == block);
    }
    assert_eq!(reader.read(&mut received).unwrap(), 0);
    upload.join().unwrap();
}

#[test]
fn a_door_that_is_not_there_closes_the_connection_and_is_found_once_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let socket = path_in(&folder, "s");
    let relay = Relay::start(&socket);
    let closed = relay.connect().read(&mut [0]);
    let reset = |error: std::io::Error| error.kind() == ErrorKind::ConnectionReset;
    assert!(closed.map_or_else(reset, |count| count == 0));
    serve(&socket, count);
    assert_eq!(ask(relay.connect(), b"now"), "3");
}

#[test]
fn it_ends_with_status_0_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut relay = Relay::start(&path_in(&folder, "s"));
    relay.process.signal(Signal::TERM);
    assert_eq!(relay.process.end(), (Some(0), String::new()));
}

#[test]
fn a_taken_port_is_said_before_anything_runs() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let pairs = [format!("{}=/s", free_port()), format!("{port}=/s")];
    let mut relay = Process::start(
        Command::new(RELAY)
            .arg("--unwatched")
            .args(pairs)
            .stderr(Stdio::piped()),
    );
    let (status, said) = relay.end();
    assert_eq!(status, Some(1));
    assert!(
        said.contains(&format!(
            "cannot listen on 127.0.0.1:{port}: Address already in use"
        )),
        "{said}"
    );
}

#[test]
fn wrong_arguments_are_status_2() {
    let mut relay = Process::start(Command::new(RELAY).arg("9099").stderr(Stdio::piped()));
    let (status, said) = relay.end();
    assert_eq!(status, Some(2));
    assert!(said.starts_with("relay: \"9099\" is not PORT=SOCKET"), "{said}");
}

#[test]
fn on_a_host_with_a_network_it_ends_by_itself() {
    let network = std::fs::read_to_string("/proc/net/dev").unwrap();
    if network.lines().count() <= 3 {
        eprintln!("skipped: this machine has no interface but lo");
        return;
    }
    let pair = format!("{}=/s", free_port());
    let mut relay = Process::start(Command::new(RELAY).arg(pair).stderr(Stdio::piped()));
    let (status, said) = relay.end();
    assert_eq!(status, Some(3));
    assert!(
        said.starts_with("relay: this guest has a network: interface "),
        "{said}"
    );
}

#[test]
fn an_interface_that_appears_ends_it() {
    if !is_root("an_interface_that_appears_ends_it") {
        return;
    }
    let mut relay = Process::start(in_fresh_network(RELAY).arg("9099=/s").stderr(Stdio::piped()));
    let namespace = format!("--net=/proc/{}/ns/net", relay.pid());
    let inside = |words: &[&str]| {
        let status = Command::new("nsenter").arg(&namespace).args(words).output();
        status.unwrap().status.success()
    };
    until("the relay listens", || {
        let listening = ["sh", "-c", "ss -ltn | grep -q 127.0.0.1:9099"];
        inside(&listening).then_some(())
    });
    assert!(inside(&["ip", "link", "add", "evil0", "type", "veth"]));
    let (status, said) = relay.end();
    assert_eq!(status, Some(3));
    assert!(said.contains("interface evil0"), "{said}");
}

#[test]
fn as_first_process_it_collects_orphans() {
    if !is_root("as_first_process_it_collects_orphans") {
        return;
    }
    let pair = format!("{}=/s", free_port());
    let outer = Process::start(Command::new("unshare").args([
        "--pid",
        "--fork",
        "--kill-child",
        RELAY,
        "--unwatched",
        &pair,
    ]));
    let outer_pid = outer.pid();
    let relay: u32 = until("the relay runs", || children(outer_pid).first().copied());
    until("it became the relay", || {
        let name = std::fs::read_to_string(format!("/proc/{relay}/comm")).ok()?;
        (name.trim() == "bottle-relay").then_some(())
    });
    let namespace = format!("--pid=/proc/{relay}/ns/pid");
    for _ in 0..20 {
        let orphan = Command::new("nsenter")
            .args([&namespace, "sh", "-c", "sleep 0.05 & exit 0"])
            .status();
        assert!(orphan.unwrap().success());
    }
    assert!(!children(relay).is_empty(), "no orphan came to the relay");
    until("every orphan is collected", || {
        children(relay).is_empty().then_some(())
    });
}
