//! A secret is found wherever it is, before the upstream hears of the push.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::sshd::script;
use crate::world::{World, key};

/// What every refusal of the sample key says, and that it never says the key.
#[track_caller]
fn refused(world: &World, folder: &Path, arguments: &[&str], words: &[&str]) {
    let before = world.sshd.pushes();
    let said = world.refused(
        folder,
        arguments,
        &[&["git gate: refused: aws-access-key-id in ", "AKIA****"], words].concat(),
    );
    assert_eq!(world.sshd.pushes(), before, "the upstream was asked");
    let ours = said.lines().filter(|line| line.starts_with("remote:"));
    assert!(ours.clone().all(|line| !line.contains(&key())), "{said}");
    world.recorded("aws-access-key-id");
    assert!(!world.events().contains(&key()));
}

/// Runs git with input and returns what it printed.
pub(crate) fn feed(world: &World, folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut child = world
        .command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_secret_in_a_file_is_refused_with_its_place() {
    let world = World::new();
    let work = world.clone();
    let dirty = world.commit(&work, "src/config.py", format!("a\nb\nkey = '{}'\n", key()));
    let place = format!("src/config.py:3 at {}", &dirty[..10]);
    refused(&world, &work, &["origin", "work/x"], &[&place]);
    // Deleted in the same push: it would be in the history all the same, and the commit that brought it is named.
    fs::remove_file(work.join("src/config.py")).unwrap();
    world.commit(&work, "other", "clean\n");
    refused(&world, &work, &["origin", "work/x"], &[&place]);
}

#[test]
fn a_secret_in_the_third_of_five_refs_stops_all() {
    let world = World::new();
    let work = world.clone();
    for number in 0..5 {
        world.ok(
            &work,
            &[
                "switch",
                "--quiet",
                "-c",
                &format!("work/{number}"),
                "origin/main",
            ],
        );
        let content = if number == 2 {
            key()
        } else {
            format!("clean {number}")
        };
        world.commit(&work, "f", content);
    }
    refused(
        &world,
        &work,
        &["origin", "work/0", "work/1", "work/2", "work/3", "work/4"],
        &["f:1 at "],
    );
}

#[test]
fn names_messages_and_people_are_read() {
    let mut world = World::new();
    let work = world.clone();
    let again = |world: &World| world.ok(&work, &["reset", "--quiet", "--hard", "origin/main"]);
    world.ok(
        &work,
        &[
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            &format!("subject\n\nsee {}", key()),
        ],
    );
    refused(&world, &work, &["origin", "work/x"], &["the commit message:"]);
    again(&world);
    world.ok(
        &work,
        &[
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "m",
            &format!("--author=Ada <{}@example.com>", key()),
        ],
    );
    refused(&world, &work, &["origin", "work/x"], &["the commit header:3"]);
    again(&world);
    world.commit(&work, &format!("dir/{}.txt", key()), "clean\n");
    refused(&world, &work, &["origin", "work/x"], &["the name of a file"]);
    again(&world);
    world.commit(&work, "clean", "clean\n");
    refused(
        &world,
        &work,
        &["origin", &format!("HEAD:refs/heads/work/{}", key())],
        &["the name of a ref"],
    );
    world.start_gate("branches: ['work/*']\nallow: {tags: true}");
    let url = world.url();
    world.ok(&work, &["tag", "-a", "-m", &format!("release {}", key()), "v3"]);
    refused(&world, &work, &[&url, "v3"], &["the tag message:"]);
}

#[test]
fn commit_header_is_scanned() {
    let world = World::new();
    let work = world.clone();
    let raw = world.ok(&work, &["cat-file", "commit", "HEAD"]);
    let (head, message) = raw.split_once("\n\n").unwrap();
    let parent = world.ok(&work, &["rev-parse", "HEAD"]);
    let head = head.replacen("\nauthor", &format!("\nparent {parent}\nauthor"), 1);
    let commit = format!("{head}\nx-note {}\n\n{message}\n", key());
    let id = feed(
        &world,
        &work,
        &["hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        commit.as_bytes(),
    );
    refused(
        &world,
        &work,
        &["origin", &format!("{id}:refs/heads/work/h")],
        &["the commit header:"],
    );
}

#[test]
fn nul_file_is_scanned() {
    let world = World::new();
    let work = world.clone();
    world.commit(
        &work,
        "data.bin",
        [b"\0\0\x01".as_slice(), key().as_bytes(), b"\0\xff"].concat(),
    );
    refused(&world, &work, &["origin", "work/x"], &["data.bin:1"]);
    // What attributes call binary is no exception either.
    world.ok(&work, &["reset", "--quiet", "--hard", "origin/main"]);
    fs::write(
        work.join(".gitattributes"),
        "* binary -diff -text export-ignore\n",
    )
    .unwrap();
    world.commit(&work, "plain", key());
    refused(&world, &work, &["origin", "work/x"], &["plain:1"]);
}

#[test]
fn replace_ref_cannot_hide_secret() {
    let world = World::new();
    let work = world.clone();
    let dirty = world.commit(&work, "f", key());
    let blob = world.ok(&work, &["rev-parse", "HEAD:f"]);
    let clean = feed(&world, &work, &["hash-object", "-w", "--stdin"], b"clean\n");
    world.ok(&work, &["replace", &blob, &clean]);
    refused(
        &world,
        &work,
        &["origin", "work/x"],
        &[&format!("f:1 at {}", &dirty[..10])],
    );
    // The same replacement in the mirror, as if an upstream shipped it.
    let direct = world.upstream().display().to_string();
    let blob_ref = format!("refs/replace/{blob}");
    world.ok(
        &work,
        &[
            "-c",
            "protocol.file.allow=always",
            "push",
            "--quiet",
            &direct,
            &format!("{clean}:{blob_ref}"),
        ],
    );
    refused(&world, &work, &["origin", "work/x"], &["f:1 at "]);
}

#[test]
fn merges_submodules_and_archives_are_read() {
    let world = World::new();
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.ok(&work, &["switch", "--quiet", "-c", "work/side", "origin/main"]);
    world.commit(&work, "b", "b\n");
    world.ok(&work, &["merge", "--quiet", "--no-commit", "work/x"]);
    // Only in the merge itself.
    world.commit(&work, "evil", key());
    refused(&world, &work, &["origin", "work/side"], &["evil:1"]);
    world.ok(&work, &["switch", "--quiet", "-c", "work/sub", "origin/main"]);
    let modules = format!(
        "[submodule \"s\"]\n\tpath = s\n\turl = https://{}:x@git.example.com/s\n",
        key()
    );
    world.commit(&work, ".gitmodules", modules);
    refused(&world, &work, &["origin", "work/sub"], &[".gitmodules:3"]);
    world.ok(&work, &["switch", "--quiet", "-c", "work/gz", "origin/main"]);
    fs::write(work.join("notes.txt"), format!("hello\n{}\n", key())).unwrap();
    let packed = std::process::Command::new("gzip")
        .arg("notes.txt")
        .current_dir(&work)
        .status()
        .unwrap();
    assert!(packed.success());
    world.commit(&work, "clean", "clean\n");
    refused(&world, &work, &["origin", "work/gz"], &["notes.txt.gz:"]);
    world.ok(&work, &["switch", "--quiet", "-c", "work/long", "origin/main"]);
    world.commit(
        &work,
        "long.txt",
        format!("{}{}\n", "a line of text\n".repeat(90), key()),
    );
    world.ok(&work, &["switch", "--quiet", "-c", "work/zip", "origin/main"]);
    world.ok(&work, &["archive", "--format=zip", "-o", "all.zip", "work/long"]);
    world.commit(&work, "clean", "clean\n");
    refused(&world, &work, &["origin", "work/zip"], &["all.zip:"]);
}

#[test]
fn a_file_of_more_than_100_megabytes_is_read_to_its_end() {
    let world = World::new();
    let work = world.clone();
    let mut content = Vec::new();
    let mut state = 1_u32;
    while content.len() < 101 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        content.extend(format!("{state:08x} some words and numbers\n").into_bytes());
    }
    content.extend(key().into_bytes());
    world.commit(&work, "big.txt", content);
    refused(&world, &work, &["origin", "work/x"], &["big.txt:"]);
}

#[test]
fn history_of_the_upstream_is_not_scanned_again() {
    let world = World::new();
    let seed = world.path("seed");
    world.commit(&seed, "old.txt", key());
    world.ok(
        &seed,
        &["push", "--quiet", world.upstream().to_str().unwrap(), "main"],
    );
    let work = world.clone();
    world.commit(&work, "new.txt", "clean\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    assert_eq!(world.sshd.pushes(), 1, "what passes is asked for once");
    world.recorded("\"objects\":3");
}

#[test]
fn env_secret_push_refused() {
    let mut world = World::new();
    world.start_gate_with("branches: ['work/*']", |command| {
        command
            .args(["--secret-env", "DB_PASSWORD"])
            .env("DB_PASSWORD", "correct horse battery staple");
    });
    let work = world.clone();
    world.commit(
        &work,
        "settings",
        "url = postgres\npassword = correct horse battery staple\n",
    );
    let words = [
        "refused: known-secret in settings:2 at ",
        "the value of DB_PASSWORD",
    ];
    let said = world.refused(&work, &["origin", "work/x"], &words);
    assert!(!said.contains("battery"), "{said}");
    world.commit(&work, "settings", "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==\n");
    world.ok(&work, &["reset", "--quiet", "--soft", "origin/main"]);
    world.ok(&work, &["commit", "--quiet", "-m", "encoded"]);
    world.refused(
        &work,
        &["origin", "work/x"],
        &["refused: known-secret in settings:1"],
    );
}

#[test]
fn inline_allow_comment_is_no_pass() {
    let world = World::new();
    let work = world.clone();
    world.commit(&work, "t.py", format!("k = '{}' # gitleaks:allow\n", key()));
    let words = [
        "t.py:1",
        "beside a comment that says to ignore it",
        "a human must approve this push, and nobody can be asked: nobody watches",
    ];
    refused(&world, &work, &["origin", "work/x"], &words);
}

#[test]
fn what_the_owner_accepted_passes() {
    let mut world = World::new();
    let list = world.path("accepted");
    fs::write(&list, "aws-access-key-id tests/*\n").unwrap();
    world.start_gate(&format!(
        "branches: ['work/*']\nscan: {{allowlist: '{}'}}",
        list.display()
    ));
    let work = world.clone();
    world.commit(&work, "tests/sample", key());
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    // The list in the pushed tree says nothing.
    world.commit(&work, "accepted", "aws-access-key-id src/*\n");
    world.commit(&work, "src/sample", format!("{}\n", key()));
    refused(&world, &work, &["origin", "work/x"], &["src/sample:1"]);
}

#[test]
fn user_git_and_ssh_config_ignored() {
    let mut world = World::new();
    let home = world.path("hostile");
    fs::create_dir_all(home.join(".ssh")).unwrap();
    let trace = world.path("was-run");
    let run = format!("touch {}", trace.display());
    let evil = world.path("evil.sh");
    script(&evil, &format!("#!/bin/sh\n{run}\nexit 1\n"));
    let git = format!(
        "[core]\n\tsshCommand = {0}\n\thooksPath = {1}\n\tfsmonitor = {0}\n[credential]\n\thelper = !{0}\n[url \"https://evil.example/\"]\n\tinsteadOf = ssh://\n[uploadpack]\n\tpackObjectsHook = {0}\n",
        evil.display(),
        home.display(),
    );
    fs::write(home.join(".gitconfig"), git).unwrap();
    fs::write(
        home.join(".ssh/config"),
        format!("Host *\n  ProxyCommand {}\n  User nobody\n", evil.display()),
    )
    .unwrap();
    for hook in ["pre-push", "pre-receive", "reference-transaction", "update"] {
        script(&home.join(hook), &format!("#!/bin/sh\n{run}\nexit 1\n"));
    }
    world.start_gate_with("branches: ['work/*']", |command| {
        command
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .env("GIT_SSH_COMMAND", &evil)
            .env("GIT_PROXY_COMMAND", &evil)
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "core.sshCommand")
            .env("GIT_CONFIG_VALUE_0", &evil);
    });
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    assert!(!trace.exists());
}
