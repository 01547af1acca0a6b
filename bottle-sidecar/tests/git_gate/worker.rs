//! The process that reads what was pushed: no file but what it is told to look at, no network.

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use bottle_git_gate::worker::{Job, Report};
use bottle_scan::KnownSecrets;
use bottle_wire::frame;

use crate::sshd::script;

/// What a program in git's place tries; it says on one line what it got.
const ATTEMPTS: &str = "#!/bin/bash
try() { if (eval \"$2\") 2>/dev/null; then said=\"$said $1:yes\"; else said=\"$said $1:no\"; fi; }
try own 'read line < OWN/file'
try file 'read line < OTHER/file'
try list 'cd OTHER && set -- * && [ -e \"$1\" ]'
try write 'echo x > OTHER/new'
try own-write 'echo x > OWN/new'
try program 'OTHER/program'
try tcp 'exec 3<>/dev/tcp/127.0.0.1/PORT'
try unix 'perl -MSocket -e \"socket(S,AF_UNIX,SOCK_STREAM,0) && connect(S,pack_sockaddr_un(q(OTHER/socket))) or exit 1\"'
echo \"fatal:$said\" >&2
exit 3
";
const FREE: &str = "own:yes file:yes list:yes write:yes own-write:yes program:yes tcp:yes unix:yes";
const CONFINED: &str = "own:yes file:no list:no write:no own-write:no program:no tcp:no unix:no";

#[test]
fn the_worker_reaches_no_other_file_and_no_socket() {
    let root = tempfile::tempdir().unwrap();
    let (own, other) = (root.path().join("own"), root.path().join("other"));
    for folder in [&own, &other] {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("file"), "a line\n").unwrap();
    }
    std::fs::copy("/bin/true", other.join("program")).unwrap();
    let _unix = UnixListener::bind(other.join("socket")).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = root.path().join("git");
    let text = ATTEMPTS
        .replace("OWN", &own.display().to_string())
        .replace("OTHER", &other.display().to_string())
        .replace("PORT", &tcp.local_addr().unwrap().port().to_string());
    script(&program, &text);
    let alone = Command::new(&program).output().unwrap();
    let alone = String::from_utf8(alone.stderr).unwrap();
    assert_eq!(
        alone.trim(),
        format!("fatal: {FREE}"),
        "the attempts themselves work"
    );
    std::fs::remove_file(other.join("new")).unwrap();
    std::fs::remove_file(own.join("new")).unwrap();
    assert_eq!(examined(&program, &own), format!("fatal: {CONFINED}"));
    let unpacking = Command::new(crate::sidecar())
        .args(["git-worker", "unpack"])
        .args([&program, &own, &own])
        .arg("-")
        .output()
        .unwrap();
    let said = String::from_utf8(unpacking.stderr).unwrap();
    // What is unpacked is written.
    let writes = CONFINED.replace("own-write:no", "own-write:yes");
    assert_eq!(said.trim(), format!("fatal: {writes}"));
}

/// Lets the worker examine a push with another program as git, and returns what went wrong.
fn examined(git: &Path, own: &Path) -> String {
    let id = "1".repeat(40).parse().unwrap();
    let job = Job {
        git: git.to_owned(),
        mirror: own.to_owned(),
        objects: own.to_owned(),
        refs: vec![(None, Some(id))],
        head: None,
        texts: Vec::new(),
        known: KnownSecrets::new([0; 32]),
        scanners: Vec::new(),
        cpu_seconds: 20,
    };
    let mut worker = Command::new(crate::sidecar())
        .args(["git-worker", "examine"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = worker.stdin.take().unwrap();
    stdin.write_all(&frame::encode(&job).unwrap()).unwrap();
    drop(stdin);
    let output = worker.wait_with_output().unwrap();
    let report: Report = frame::read_blocking(&mut output.stdout.as_slice()).unwrap();
    report.failed.unwrap()
}
