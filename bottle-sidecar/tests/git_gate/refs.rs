//! Which refs may move, and how a refusal reads.

use std::path::Path;

use crate::world::{Transport, World};

#[test]
fn refs_outside_the_rules_are_refused() {
    let world = World::new();
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    for (target, words) in [
        (
            "HEAD:refs/heads/main",
            &[
                "git gate: refused: branch in refs/heads/main",
                "[remote rejected]",
            ][..],
        ),
        ("HEAD:refs/heads/Work/x", &["refused: branch"]),
        ("HEAD:refs/heads/\u{ff57}ork/x", &["refused: branch"]),
        ("HEAD:refs/heads/wor\u{212a}/x", &["refused: branch"]),
        ("HEAD:refs/heads/work/e\u{301}", &["refused: ref-name"]),
        ("HEAD:refs/Heads/work/x", &["refused: ref-namespace"]),
        ("HEAD:refs/heads/work/a\u{202e}b", &["refused: ref-name"]),
        ("HEAD:refs/for/main", &["refused: ref-namespace"]),
        (
            "HEAD:refs/replace/1111111111111111111111111111111111111111",
            &["refused: ref-namespace"],
        ),
        ("HEAD:refs/notes/commits", &["refused: ref-namespace"]),
        ("HEAD:refs/tags/v9", &["refused: tag in refs/tags/v9"]),
    ] {
        world.refused(&work, &["origin", target], words);
    }
    // One of five refuses all five.
    let targets: Vec<String> = (0..4).map(|n| format!("HEAD:refs/heads/work/{n}")).collect();
    let mut arguments = vec!["origin"];
    arguments.extend(targets.iter().map(String::as_str));
    arguments.insert(3, "HEAD:refs/heads/main");
    world.refused(&work, &arguments, &["refused: branch in refs/heads/main"]);
}

#[test]
fn rewriting_and_deleting_pass_only_where_they_are_allowed() {
    let mut world = World::new();
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    world.ok(&work, &["commit", "--quiet", "--amend", "-m", "other"]);
    world.refused(
        &work,
        &["--force", "origin", "work/x"],
        &["refused: force in refs/heads/work/x"],
    );
    world.refused(
        &work,
        &["--delete", "origin", "work/x"],
        &["refused: delete in refs/heads/work/x"],
    );
    world.start_gate("branches: ['work/*']\nallow: {force: true, delete: true, tags: true}");
    let url = world.url();
    world.ok(&work, &["push", "--quiet", "--force", &url, "work/x"]);
    world.ok(&work, &["tag", "-a", "-m", "mine", "v2"]);
    world.ok(&work, &["push", "--quiet", &url, "v2"]);
    assert!(world.refs().contains("refs/tags/v2"));
    world.ok(&work, &["push", "--quiet", &url, "--delete", "work/x", "v2"]);
    assert!(!world.refs().contains("work/x") && !world.refs().contains("v2"));
}

#[test]
fn push_options_refused() {
    let mut world = World::new();
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.refused(
        &work,
        &["-o", "ci.skip", "origin", "work/x"],
        &["refused: push-option in option ci.skip"],
    );
    world.start_gate("branches: ['work/*']\npush_options: ['ci.skip']");
    let url = world.url();
    world.ok(&work, &["push", "--quiet", "-o", "ci.skip", &url, "work/x"]);
}

#[test]
fn ci_file_needs_human() {
    let mut world = World::new();
    let work = world.clone();
    world.commit(&work, ".github/workflows/a.yml", "on: push\n");
    let words = [
        "refused: ci-file in .github/workflows/a.yml",
        "a human must approve this push, and nobody can be asked: nobody watches",
    ];
    world.refused(&work, &["origin", "work/x"], &words);
    // An old blob in a new place counts as well.
    world.ok(&work, &["reset", "--quiet", "--hard", "HEAD~1"]);
    world.ok(&work, &["mv", "file1", "Jenkinsfile"]);
    world.ok(&work, &["commit", "--quiet", "-m", "moved"]);
    world.refused(
        &work,
        &["origin", "work/x"],
        &[
            "refused: ci-file in Jenkinsfile",
            "a human must approve this push",
        ],
    );
    world.start_gate("branches: ['work/*']\nci_files: refuse");
    let url = world.url();
    let said = world.refused(&work, &[&url, "work/x"], &["refused: ci-file in Jenkinsfile"]);
    assert!(!said.contains("a human"), "{said}");
    world.start_gate("branches: ['work/*']\nci_files: allow");
    world.ok(&work, &["push", "--quiet", &world.url(), "work/x"]);
}

#[test]
fn a_symbolic_ref_of_the_upstream_does_not_move_another() {
    let world = World::new();
    world.ok(
        &world.upstream(),
        &["symbolic-ref", "refs/heads/work/alias", "refs/heads/main"],
    );
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.refused(
        &work,
        &["origin", "HEAD:refs/heads/work/alias"],
        &["refused: symbolic-ref"],
    );
}

#[test]
fn where_symbolic_refs_are_not_named_none_is_moved() {
    let world = World::new();
    let upstream = world.upstream();
    let work = world.clone();
    let alias = ["symbolic-ref", "refs/heads/work/alias", "refs/heads/main"];
    world.ok(&upstream, &alias);
    world.ok(&work, &["push", "--quiet", "origin", "HEAD:work/y"]);
    world.sshd.speak_as_long_ago();
    world.commit(&work, "a", "a\n");
    for name in ["alias", "y"] {
        world.refused(
            &work,
            &["origin", &format!("HEAD:refs/heads/work/{name}")],
            &["refused: symbolic-ref", "may stand for another one"],
        );
    }
    // What is nowhere else stands for nothing else.
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    world.commit(&work, "a", "b\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
}

#[test]
fn where_symbolic_refs_are_named_the_others_move() {
    for transport in [Transport::Ssh, Transport::Https] {
        let world = World::with(Path::new("/usr/bin/git"), transport);
        let work = world.clone();
        world.ok(&work, &["push", "--quiet", "origin", "HEAD:work/y"]);
        world.commit(&work, "a", "a\n");
        world.ok(&work, &["push", "--quiet", "origin", "HEAD:work/y"]);
    }
}

#[test]
fn a_push_that_races_another_is_told_to_fetch() {
    let world = World::new();
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    let seed = world.path("seed");
    let direct = world.upstream().display().to_string();
    world.ok(&seed, &["fetch", "--quiet", &direct, "work/x"]);
    world.ok(&seed, &["switch", "--quiet", "--detach", "FETCH_HEAD"]);
    world.commit(&seed, "b", "b\n");
    world.ok(&seed, &["push", "--quiet", &direct, "HEAD:refs/heads/work/x"]);
    world.commit(&work, "c", "c\n");
    world.refused(&work, &["origin", "work/x"], &["fetch first"]);
}

#[test]
fn a_refusal_of_the_upstream_is_passed_on() {
    let world = World::new();
    let hook = world.upstream().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    crate::sshd::script(&hook, "#!/bin/sh\necho 'no pushes on Mondays' >&2\nexit 1\n");
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.refused(
        &work,
        &["origin", "work/x"],
        &["upstream: no pushes on Mondays", "pre-receive hook declined"],
    );
}

#[test]
fn a_signed_push_is_not_offered() {
    let world = World::new();
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.refused(
        &work,
        &["--signed=yes", "origin", "work/x"],
        &["does not support --signed"],
    );
}
