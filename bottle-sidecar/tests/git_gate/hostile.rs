//! Clients that stall, packs that unfold, a disk that is full, an upstream that falls silent: an error soon, and nothing
//! is left.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::failures::{SOON, push_request, raw, ssh};
use crate::pack;
use crate::sshd::script;
use crate::world::{Transport, World, within};

/// Waits for a file.
fn appears(path: &Path) {
    let end = Instant::now() + Duration::from_secs(60);
    while !path.exists() {
        assert!(Instant::now() < end, "{} does not appear", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A hook of the upstream's that says that it runs, and then does this.
fn hook(world: &World, then: &str) -> PathBuf {
    let (marker, hook) = (
        world.path("hook-runs"),
        world.upstream().join("hooks/pre-receive"),
    );
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    script(&hook, &format!("#!/bin/sh\ntouch {}\n{then}\n", marker.display()));
    marker
}

/// A wire to sshd that can be cut without anybody hearing of it.
struct Wire {
    port: u16,
    is_cut: Arc<AtomicBool>,
}

impl Wire {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
                for (from, to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                    let cut = Arc::clone(&cut);
                    std::thread::spawn(move || carry(from, to, &cut));
                }
            }
        });
        Self { port: own, is_cut }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool) {
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !is_cut.load(Ordering::Relaxed) && to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _closed = to.shutdown(std::net::Shutdown::Both);
}

#[test]
fn an_upstream_that_falls_silent_within_a_push_is_given_up() {
    let mut world = World::new();
    let wire = Wire::to(world.sshd.port);
    let url = world
        .sshd
        .url(&world.upstream())
        .replace(&world.sshd.port.to_string(), &wire.port.to_string());
    let keys = ssh(&url, &world.sshd.host_key(), &world.sshd.key());
    world.start_gate_as(&keys, |_| {});
    let marker = hook(&world, "sleep 40");
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    std::thread::scope(|scope| {
        let push = scope.spawn(|| world.fails(&work, &["push", "origin", "work/x"]));
        appears(&marker);
        wire.is_cut.store(true, Ordering::Relaxed);
        let said = within(SOON, || push.join().unwrap());
        assert!(said.contains("git gate: failed: the upstream"), "{said}");
    });
    assert_eq!(fs::read_dir(world.path("mirrors/quarantine")).unwrap().count(), 0);
}

#[test]
fn an_upstream_whose_hooks_take_their_time_is_waited_for() {
    let world = World::new();
    hook(&world, "sleep 20");
    let work = world.clone();
    let tip = world.commit(&work, "a", "a\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    assert!(world.refs().contains(&tip));
}

#[test]
fn a_token_is_in_no_environment_and_no_argument() {
    let world = World::with(Path::new("/usr/bin/git"), Transport::Https);
    let marker = hook(&world, "sleep 3");
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    let mut push = world
        .command(&work, &["push", "--quiet", "origin", "work/x"])
        .spawn()
        .unwrap();
    appears(&marker);
    let own = [std::process::id(), world.gate.as_ref().unwrap().child.id()];
    let here = world.root.path().display().to_string();
    let mut seen = 0;
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let id = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok());
        let Some(id) = id.filter(|id| !own.contains(id)) else {
            continue;
        };
        // Other tests' processes say nothing of this gate's.
        let read = |name: &str| fs::read(format!("/proc/{id}/{name}")).unwrap_or_default();
        let [environ, cmdline] = ["environ", "cmdline"].map(read);
        if !String::from_utf8_lossy(&environ).contains(&here) {
            continue;
        }
        for (name, text) in [("environ", environ), ("cmdline", cmdline)] {
            let text = String::from_utf8_lossy(&text);
            seen += usize::from(text.contains("remote-https"));
            for secret in [crate::https::TOKEN, "eC1hY2Nlc3MtdG9rZW46"] {
                assert!(!text.contains(secret), "{name} of {id}: {text}");
            }
        }
    }
    assert!(seen > 0, "git was not seen at work");
    assert!(push.wait().unwrap().success());
}

/// The commands of a push of one new branch, before its pack.
pub(crate) fn command(tip: &str) -> Vec<u8> {
    let line = format!(
        "{} {tip} refs/heads/work/y\0report-status side-band-64k",
        "0".repeat(40)
    );
    format!("{:04x}{line}0000", line.len() + 4).into_bytes()
}

#[test]
fn a_client_that_stalls_while_it_sends_is_let_go() {
    let world = World::new();
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    let head = &push_request(&[b'0'; 100])[..];
    let within_pack = push_request(
        &[
            &command(&"1".repeat(40)),
            &b"PACK\0\0\0\x02\0\0\0\x01"[..],
            &[0; 900],
        ]
        .concat(),
    );
    std::thread::scope(|scope| {
        for part in [
            &head[..20],
            &head[..head.len() - 50],
            &within_pack[..within_pack.len() - 500],
        ] {
            let world = &world;
            scope.spawn(move || within(SOON + Duration::from_secs(1), || raw(world, part)));
        }
    });
    assert_eq!(fs::read_dir(world.path("mirrors/quarantine")).unwrap().count(), 0);
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
}

/// Bytes that do not compress.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| step()).collect()
}

#[test]
fn a_client_that_stalls_while_it_reads_is_let_go() {
    let world = World::new();
    let seed = world.path("seed");
    let tip = world.commit(&seed, "big", noise(24 << 20));
    world.ok(
        &seed,
        &["push", "--quiet", world.upstream().to_str().unwrap(), "main"],
    );
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    let body = format!("0032want {tip}\n00000009done\n");
    let request = format!(
        "POST /app.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-git-upload-pack-request\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    );
    let gate = world.gate.as_ref().unwrap();
    let mut stream = TcpStream::connect(gate.base.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut first = [0; 64];
    stream.read_exact(&mut first).unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200"));
    // The peer's port in the kernel's table of connections, until the gate has given it up.
    let port = format!(":{:04X}", stream.local_addr().unwrap().port());
    let is_open = || {
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let of_gate = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.get(2).is_some_and(|far| far.ends_with(&port)) && words.get(3) == Some(&"01")
        };
        table.lines().any(of_gate)
    };
    assert!(is_open());
    let end = Instant::now() + Duration::from_secs(2) + SOON;
    while is_open() {
        assert!(
            Instant::now() < end,
            "the gate holds on to a client that takes nothing"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
}

#[test]
fn a_pack_that_unfolds_is_given_up() {
    let world = World::new();
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    let before = world.refs();
    let bomb = pack::bomb(200, 40);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let body = [command(&"1".repeat(40)), bomb].concat();
    let answer = within(SOON, || raw(&world, &push_request(&body)));
    assert!(answer.contains("ng refs/heads/work/y"), "{answer}");
    assert!(
        answer.contains("takes more work than one of its size may"),
        "{answer}"
    );
    assert_eq!(world.refs(), before);
    assert_eq!(fs::read_dir(world.path("mirrors/quarantine")).unwrap().count(), 0);
}

#[test]
fn a_tree_that_names_itself_again_and_again_is_refused() {
    let world = World::new();
    let work = world.clone();
    let blob = world.ok(&work, &["rev-parse", "HEAD:file1"]);
    let mut entry = format!("100644 blob {blob}");
    for _ in 0..12 {
        let lines: String = (0..10).map(|number| format!("{entry}\t{number}\n")).collect();
        let tree = crate::contents::feed(&world, &work, &["mktree"], lines.as_bytes());
        entry = format!("040000 tree {tree}");
    }
    // Beside a file that needs a human: what cannot be listed to its end hides nothing.
    let lines = format!("{entry}\tdeep\n100644 blob {blob}\tJenkinsfile\n");
    let tree = crate::contents::feed(&world, &work, &["mktree"], lines.as_bytes());
    let commit = world.ok(&work, &["commit-tree", "-m", "deep", "-p", "HEAD", &tree]);
    let target = format!("{commit}:refs/heads/work/deep");
    within(SOON, || {
        world.refused(
            &work,
            &["origin", &target],
            &["git gate: failed: the push could not be examined"],
        )
    });
}

/// A file system of a few megabytes where the gate keeps its mirrors.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(path: PathBuf) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs"])
            .arg(&path)
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_named_and_nothing_half_done_stays() {
    let mut world = World::new();
    world.gate = None;
    let _removed = fs::remove_dir_all(world.path("mirrors"));
    let Some(_disk) = SmallDisk::at(world.path("mirrors")) else {
        eprintln!("skipped: only root can mount a small file system");
        return;
    };
    world.start_gate("branches: ['work/*']");
    let work = world.clone();
    world.commit(&work, "big", noise(24 << 20));
    let full = "the disk of the gate is full";
    within(SOON, || world.refused(&work, &["origin", "work/x"], &[full]));
    world.ok(&work, &["reset", "--quiet", "--hard", "origin/main"]);
    world.commit(&work, "small", "small\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    // The upstream's own new file does not fit either: an error, never the old state, and no leftovers.
    let (seed, direct) = (world.path("seed"), world.upstream().display().to_string());
    world.commit(&seed, "big", noise(24 << 20));
    world.ok(&seed, &["push", "--quiet", &direct, "main"]);
    let said = within(SOON, || {
        world.fails(world.root.path(), &["ls-remote", &world.url()])
    });
    assert!(said.contains(full), "{said}");
    world.ok(&seed, &["push", "--quiet", "--force", &direct, "HEAD~1:main"]);
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    world.commit(&work, "more", "more\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
}
