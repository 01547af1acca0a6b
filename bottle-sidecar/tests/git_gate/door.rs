//! The gate as a door of a sidecar: booted with its part of the frame, reached through a relay, watched by init.

use std::fs;
use std::path::{Path, PathBuf};

use bottle_plan::egress::EgressPlan;
use bottle_plan::git::{CiFiles, GitAllow, GitKey, GitRepo};
use bottle_util::Secret;
use bottle_wire::boot::{Base64, Boot, BootAnswer, WireSecret};
use bottle_wire::chain::Line;
use bottle_wire::event::What;
use bottle_wire::git_gate::{GitCredential, GitGateBoot, NamedSecret, RepoBoot};
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::common::sidecar::{Sidecar, boot};
use crate::common::{Relay, children, signal_process, until};
use crate::world::{Transport, World, key};

/// A bottle whose one repository is the world's.
pub(crate) fn frame(world: &World, change: impl FnOnce(&mut RepoBoot)) -> Boot {
    let secret = |text: &str| WireSecret(Secret::from(text.to_owned()));
    let pem = fs::read(world.https().authority()).unwrap();
    let authority = CertificateDer::from_pem_slice(&pem).unwrap();
    let mut repo = RepoBoot {
        repo: GitRepo {
            name: "app".parse().unwrap(),
            url: world.https().url("app.git"),
            host_key: None,
            key: Some(GitKey::Token {
                token_ref: "TOKEN".parse().unwrap(),
            }),
            branches: Vec::new(),
            allow: GitAllow::default(),
            push_options: Vec::new(),
            ci_files: CiFiles::default(),
            scan_allowlist: None,
            scanners: Vec::new(),
        },
        credential: Some(GitCredential::Token(secret(crate::https::TOKEN))),
        accepted: Vec::new(),
        authorities: vec![Base64(authority.to_vec())],
    };
    change(&mut repo);
    Boot {
        git_gate: Some(GitGateBoot {
            identity: "demo-0a1b2".parse().unwrap(),
            repos: vec![repo],
            secrets: vec![NamedSecret {
                name: "GIVEN".to_owned(),
                value: secret("kZ81mvQ0xWp37LtR"),
            }],
            roots: Vec::new(),
        }),
        ..boot(EgressPlan::default())
    }
}

fn booted(world: &World) -> (Sidecar, Relay) {
    let mut sidecar = Sidecar::start();
    let answer = sidecar.boot(&frame(world, |_| {}));
    assert!(matches!(answer, BootAnswer::Ready { .. }), "{answer:?}");
    let relay = Relay::start(&sidecar.path("doors/git-gate.sock"));
    (sidecar, relay)
}

pub(crate) fn clone(world: &World, relay: &Relay, name: &str) -> PathBuf {
    let url = format!("http://127.0.0.1:{}/app.git", relay.port);
    world.ok(world.root.path(), &["clone", "--quiet", &url, name]);
    world.path(name)
}

/// The doors' processes by their arguments.
pub(crate) fn gate(sidecar: &Sidecar) -> u32 {
    until("the gate's process is there", || {
        sidecar.doors().into_iter().find(|door| {
            let line = fs::read(format!("/proc/{door}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("git-gate")
        })
    })
}

pub(crate) fn decisions(sidecar: &Sidecar) -> Vec<String> {
    let lines = sidecar.events();
    let events = lines
        .iter()
        .map(|line| serde_json::from_str::<Line>(line).unwrap());
    let decision = |line: Line| match line.event.what {
        What::Git(git) => Some(format!("{:?} {:?} {}", git.operation, git.verdict, git.rule)),
        _ => None,
    };
    events.filter_map(decision).collect()
}

#[test]
fn a_booted_gate_lets_a_clean_push_pass_and_refuses_what_the_bottle_was_given() {
    let world = World::with(Path::new("/usr/bin/git"), Transport::Https);
    let (sidecar, relay) = booted(&world);
    let work = clone(&world, &relay, "work");
    let branch = "bottle/demo-0a1b2/x";
    world.ok(&work, &["switch", "--quiet", "-c", branch]);
    world.commit(&work, "clean", "nothing to see\n");
    world.ok(&work, &["push", "--quiet", "origin", branch]);
    assert!(world.refs().contains(branch));
    let before = world.refs();
    for (file, text, rule) in [
        ("keys", key(), "aws-access-key-id in keys:1 at "),
        ("config", "value kZ81mvQ0xWp37LtR".to_owned(), "in config:1 at "),
    ] {
        world.ok(
            &work,
            &["reset", "--quiet", "--hard", &format!("origin/{branch}")],
        );
        world.commit(&work, file, &text);
        let said = world.fails(&work, &["push", "origin", branch]);
        assert!(said.contains("remote: git gate: refused: "), "{said}");
        assert!(said.contains(rule) && !said.contains(&text), "{said}");
        assert_eq!(world.refs(), before);
    }
    let decided = decisions(&sidecar);
    for wanted in [
        "Read Allowed fresh",
        "Push Allowed clean",
        "Push Refused aws-access-key-id",
    ] {
        assert!(decided.iter().any(|line| line == wanted), "{wanted}: {decided:?}");
    }
}

#[test]
fn a_gate_that_is_killed_comes_back_with_all_that_it_was_told() {
    let world = World::with(Path::new("/usr/bin/git"), Transport::Https);
    let (sidecar, relay) = booted(&world);
    clone(&world, &relay, "before");
    let first = gate(&sidecar);
    signal_process(first, Signal::KILL);
    until("another process is there", || {
        (gate(&sidecar) != first).then_some(())
    });
    clone(&world, &relay, "after");
    let status = sidecar.status();
    assert!(status.doors.iter().any(|door| door.restarts == 1), "{status:?}");
}

#[test]
fn a_key_that_is_none_fails_the_boot_and_says_whose() {
    let world = World::with(Path::new("/usr/bin/git"), Transport::Https);
    let frame = frame(&world, |repo| {
        repo.repo.url = "ssh://git@localhost/app.git".to_owned();
        repo.repo.key = None;
        let text = "no key at all".to_owned();
        repo.credential = Some(GitCredential::Key(WireSecret(Secret::from(text))));
    });
    let sidecar = Sidecar::start();
    let (part, reason, _) = sidecar.refuse(&bottle_wire::frame::encode(&frame).unwrap());
    assert_eq!(part, "git-gate");
    assert!(
        reason.contains("the key of repository app cannot be used"),
        "{reason}"
    );
    assert!(!reason.contains("no key at all"), "{reason}");
}

#[test]
fn the_gates_end_takes_what_it_started_along() {
    let world = World::with(Path::new("/usr/bin/git"), Transport::Ssh);
    let frame = frame(&world, |repo| {
        repo.repo.url = world.sshd.url(&world.upstream());
        repo.repo.host_key = Some(world.sshd.host_key());
        let key = fs::read_to_string(world.sshd.key()).unwrap();
        repo.credential = Some(GitCredential::Key(WireSecret(Secret::from(key))));
    });
    let mut sidecar = Sidecar::start();
    let answer = sidecar.boot(&frame);
    assert!(matches!(answer, BootAnswer::Ready { .. }), "{answer:?}");
    let agent = sidecar.path("git/0/agent").display().to_string();
    let agents = || {
        processes()
            .into_iter()
            .filter(|line| line.contains("ssh-agent ") && line.contains(&*agent))
            .collect::<Vec<_>>()
    };
    assert!(!agents().is_empty());
    let first = gate(&sidecar);
    assert!(!children(first).is_empty());
    signal_process(first, Signal::KILL);
    until("the agent of the one that was killed is gone", || {
        (gate(&sidecar) != first && agents().len() == 1).then_some(())
    });
    sidecar.process.signal(Signal::TERM);
    assert!(sidecar.process.wait().success());
    until("nothing that used it is left", || {
        let is_left = processes().iter().any(|line| line.contains(&*agent));
        (!is_left).then_some(())
    });
}

/// The arguments of every process.
fn processes() -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let line = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).ok();
    let lines = entries.filter_map(line);
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .collect()
}
