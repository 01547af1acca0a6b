//! Rules and credentials while pushes are under way: what counts is what holds when the upstream would be asked.

use std::fs;
use std::process::{Command, Stdio};

use bottle_wire::supervise::Decision;

use crate::asking::{BRANCH, Scene, let_through};
use crate::hostile::noise;
use crate::sshd::script;
use crate::world::{Transport, World, key, said};

#[test]
fn files_that_change_under_a_running_gate_change_no_rule() {
    let mut world = World::new();
    let list = world.path("accepted");
    fs::write(&list, "aws-access-key-id other\n").unwrap();
    world.start_gate(&format!(
        "branches: ['work/*']\nscan: {{allowlist: '{}'}}",
        list.display()
    ));
    let work = world.clone();
    fs::write(&list, "aws-access-key-id *\n").unwrap();
    let config = fs::read_to_string(world.path("gate.yaml")).unwrap();
    fs::write(
        world.path("gate.yaml"),
        config.replace("work/*", "*") + "      allow: {force: true, delete: true, tags: true}\n",
    )
    .unwrap();
    world.commit(&work, "t", key());
    world.refused(&work, &["origin", "work/x"], &["aws-access-key-id in t:1"]);
    world.ok(&work, &["reset", "--quiet", "--hard", "origin/main"]);
    world.commit(&work, "u", "u\n");
    world.refused(&work, &["origin", "HEAD:main"], &["refused: branch"]);
    world.ok(&work, &["tag", "t"]);
    world.refused(&work, &["origin", "t"], &["refused: tag"]);
    // The key was read once; the file may go.
    fs::remove_file(world.sshd.key()).unwrap();
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
}

/// A push that needs a human, and is being examined for a while.
fn slow_push(scene: &Scene) -> std::process::Child {
    scene
        .world
        .command(&scene.work, &["push", "origin", BRANCH])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn begins_to_unpack(scene: &Scene) {
    crate::common::until("the push is in quarantine", || {
        let quarantine = scene.sidecar.path("git/quarantine");
        let entries = fs::read_dir(quarantine).ok()?;
        entries.flatten().next()
    });
}

#[test]
fn what_is_answered_while_a_push_is_examined_counts_for_it() {
    for is_approved in [true, false] {
        let scene = Scene::set();
        fs::write(scene.work.join("big"), noise(6 << 20)).unwrap();
        scene.commit("Jenkinsfile", "x\n");
        scene.is_refused();
        let question = scene.open().remove(0);
        let push = slow_push(&scene);
        begins_to_unpack(&scene);
        let decision = match is_approved {
            true => let_through("read it"),
            false => Decision::Reject {
                reason: "not now".to_owned(),
            },
        };
        scene.answer(&question, decision);
        let output = push.wait_with_output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.success(), is_approved, "{said}");
        assert_eq!(said.contains("rejected in not now"), !is_approved, "{said}");
        assert_eq!(scene.world.refs().contains(BRANCH), is_approved);
    }
}

#[test]
fn a_key_with_a_passphrase_says_what_to_do() {
    let world = World::new();
    let key = world.path("id_locked");
    let keygen = ["-q", "-t", "ed25519", "-N", "words of a test", "-f"];
    let made = Command::new("ssh-keygen")
        .args(keygen)
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let said = world.gate_ends(
        &crate::failures::ssh(&world.sshd.url(&world.upstream()), &world.sshd.host_key(), &key),
        |_| {},
    );
    assert!(
        said.contains("the key of repository app cannot be used: it has a passphrase")
            && said.contains("ssh-add FILE")
            && said.contains("{provider: ssh-agent}"),
        "{said}"
    );
}

#[test]
fn ssh_is_needed_for_upstreams_over_ssh_only() {
    let mut world = World::with(std::path::Path::new("/usr/bin/git"), Transport::Https);
    let programs = world.path("programs");
    fs::create_dir(&programs).unwrap();
    script(&programs.join("git"), "#!/bin/sh\nexec /usr/bin/git \"$@\"\n");
    world.start_gate_with("branches: ['work/*']", |command| {
        command.env("PATH", &programs);
    });
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    let keys = crate::failures::ssh(
        &world.sshd.url(&world.upstream()),
        &world.sshd.host_key(),
        &world.sshd.key(),
    );
    let said = world.gate_ends(&keys, |command| {
        command.env("PATH", &programs);
    });
    assert!(
        said.contains("repository app cannot be served: ssh is not installed"),
        "{said}"
    );
}
