//! What goes wrong is said at once, and leaves nothing behind.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::world::{World, within};

pub(crate) const SOON: Duration = Duration::from_secs(16);

pub(crate) fn ssh(url: &str, host_key: &str, key: &std::path::Path) -> String {
    format!(
        "url: '{url}'\n      host_key: {host_key}\n      key: {{provider: static, path: '{}'}}\n      branches: ['work/*']",
        key.display(),
    )
}

/// Starts the gate before an upstream over ssh.
fn start(world: &mut World, url: &str, host_key: &str, key: &std::path::Path) {
    let keys = ssh(url, host_key, key);
    world.start_gate_as(&keys, |_| {});
}

#[track_caller]
fn read_fails(world: &World, words: &str) {
    let said = within(SOON, || {
        world.fails(world.root.path(), &["ls-remote", &world.url()])
    });
    assert!(said.contains(words), "{words:?} is not in:\n{said}");
}

#[test]
fn an_upstream_that_cannot_be_reached_fails_and_is_never_stale() {
    let mut world = World::new();
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("ssh://git@127.0.0.1:{free}/app.git");
    // The mirror of the same folder is full by now, and is not shown.
    let keys = ssh(&url, &world.sshd.host_key(), &world.sshd.key());
    world.start_gate_as(&keys, |_| {});
    read_fails(&world, "git gate: the upstream cannot be reached");
    world.recorded("\"verdict\":\"failed\",\"rule\":\"unreachable\"");
}

#[test]
fn a_wrong_host_key_is_not_believed() {
    let mut world = World::new();
    let (url, host_key, key) = (
        world.sshd.url(&world.upstream()),
        world.sshd.other_host_key(),
        world.sshd.key(),
    );
    start(&mut world, &url, &host_key, &key);
    read_fails(&world, "does not show the host key that is pinned");
}

#[test]
fn a_credential_that_is_not_accepted_is_named() {
    let mut world = World::new();
    let (url, host_key, key) = (
        world.sshd.url(&world.upstream()),
        world.sshd.host_key(),
        world.sshd.other_key(),
    );
    start(&mut world, &url, &host_key, &key);
    read_fails(&world, "does not accept the bottle's credential");
}

#[test]
fn a_repository_that_is_not_there_is_named() {
    let mut world = World::new();
    let (url, host_key, key) = (
        world.sshd.url(&world.path("host/none.git")),
        world.sshd.host_key(),
        world.sshd.key(),
    );
    start(&mut world, &url, &host_key, &key);
    read_fails(&world, "has no such repository");
}

#[test]
fn an_upstream_that_says_nothing_is_given_up() {
    let mut world = World::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "ssh://git@127.0.0.1:{}/app.git",
        silent.local_addr().unwrap().port()
    );
    let keys = ssh(&url, &world.sshd.host_key(), &world.sshd.key());
    world.start_gate_as(&keys, |_| {});
    read_fails(&world, "git gate: the upstream ");
}

#[test]
fn an_upstream_that_dies_within_a_push_is_no_success() {
    let world = World::new();
    let hook = world.upstream().join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    // The hook's parent is git receive-pack.
    crate::sshd::script(&hook, "#!/bin/sh\nkill -9 $PPID\n");
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    let before = world.refs();
    let said = within(SOON, || world.fails(&work, &["push", "origin", "work/x"]));
    assert!(said.contains("git gate: "), "{said}");
    assert_eq!(world.refs(), before);
    fs::remove_file(hook).unwrap();
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
}

#[test]
fn twenty_pushes_at_once_all_arrive() {
    let world = World::new();
    let work = world.clone();
    let tips: Vec<(String, String)> = (0..20)
        .map(|number| {
            let branch = format!("work/{number}");
            world.ok(&work, &["switch", "--quiet", "-c", &branch, "origin/main"]);
            let tip = world.commit(&work, "f", format!("{number}\n"));
            (branch, tip)
        })
        .collect();
    std::thread::scope(|scope| {
        let push = |branch: &str| world.ok(&work, &["push", "--quiet", "origin", branch]);
        let running: Vec<_> = tips
            .iter()
            .map(|(branch, _)| scope.spawn(move || push(branch)))
            .collect();
        running.into_iter().for_each(|one| drop(one.join().unwrap()));
    });
    let refs = world.refs();
    assert!(
        tips.iter()
            .all(|(branch, tip)| refs.contains(&format!("refs/heads/{branch} {tip}"))),
        "{refs}"
    );
}

#[test]
fn a_gate_that_is_killed_within_a_push_leaves_nothing_half_done() {
    let mut world = World::new();
    let marker = world.path("hook-runs");
    let hook = world.upstream().join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    crate::sshd::script(
        &hook,
        &format!("#!/bin/sh\ntouch {}\nsleep 30\nexit 1\n", marker.display()),
    );
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    let before = world.refs();
    let mut push = world
        .command(&work, &["push", "origin", "work/x"])
        .spawn()
        .unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while !marker.exists() {
        assert!(std::time::Instant::now() < end, "the push did not arrive");
        std::thread::sleep(Duration::from_millis(20));
    }
    world.gate = None;
    assert!(!within(SOON, || push.wait()).unwrap().success());
    fs::remove_file(&hook).unwrap();
    world.start_gate("branches: ['work/*']");
    assert_eq!(fs::read_dir(world.path("mirrors/quarantine")).unwrap().count(), 0);
    assert_eq!(world.refs(), before);
    world.ok(&work, &["push", "--quiet", &world.url(), "work/x"]);
}

/// Sends bytes to the gate and goes away.
fn send_and_leave(world: &World, bytes: &[u8]) {
    let address = world
        .gate
        .as_ref()
        .unwrap()
        .base
        .trim_start_matches("http://")
        .to_owned();
    TcpStream::connect(address).unwrap().write_all(bytes).unwrap();
}

/// Sends bytes to the gate and returns its whole answer.
pub(crate) fn raw(world: &World, bytes: &[u8]) -> String {
    let address = world
        .gate
        .as_ref()
        .unwrap()
        .base
        .trim_start_matches("http://")
        .to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn push_request(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /app.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: {}\r\n\r\n",
        body.len(),
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn what_is_no_push_is_refused_and_the_gate_goes_on() {
    let world = World::new();
    let before = world.refs();
    let zero = "0".repeat(40);
    let command = format!(
        "{zero} {} refs/heads/work/y\0report-status side-band-64k",
        "1".repeat(40)
    );
    let command = format!("{:04x}{command}0000", command.len() + 4);
    for body in [
        &b"zzzz"[..],
        b"0003",
        b"0009hello0000",
        command.as_bytes(),
        &[command.as_bytes(), b"PACK"].concat(),
        &[command.as_bytes(), b"PACK\0\0\0\x02\xff\xff\xff\xff"].concat(),
        &[command.as_bytes(), &[0xff; 4096]].concat(),
    ] {
        let answer = within(SOON, || raw(&world, &push_request(body)));
        let is_refused = answer.starts_with("HTTP/1.1 400") || answer.contains("ng refs/heads/work/y");
        assert!(is_refused, "{body:?}: {answer}");
    }
    assert_eq!(world.refs(), before);
    assert_eq!(fs::read_dir(world.path("mirrors/quarantine")).unwrap().count(), 0);
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
}

#[test]
fn a_client_that_goes_away_leaves_nothing() {
    let world = World::new();
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    let whole = push_request(&[b'0'; 100]);
    send_and_leave(&world, &whole[..whole.len() - 50]);
    let mut packless = format!(
        "{} {} refs/heads/work/y\0side-band-64k",
        "0".repeat(40),
        "1".repeat(40)
    )
    .into_bytes();
    let length = format!("{:04x}", packless.len() + 4);
    packless = [
        length.as_bytes(),
        &packless,
        b"0000PACK\0\0\0\x02\0\0\0\x01",
        &[0; 900],
    ]
    .concat();
    let whole = push_request(&packless);
    send_and_leave(&world, &whole[..whole.len() - 500]);
    let end = std::time::Instant::now() + SOON;
    while fs::read_dir(world.path("mirrors/quarantine")).unwrap().count() > 0 {
        assert!(std::time::Instant::now() < end, "the quarantine stays");
        std::thread::sleep(Duration::from_millis(50));
    }
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
}
