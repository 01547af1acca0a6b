//! What a guest, or whoever wrote the repository, could try on the host's git.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::super::*;
use super::scene::{Scene, commit, git, git_reading};

/// Makes a program that leaves a trace, and returns both paths.
fn trap(scene: &Scene) -> (String, std::path::PathBuf) {
    let (program, trace) = (scene.path("trap"), scene.path("trace"));
    std::fs::write(&program, format!("#!/bin/sh\ntouch {}\n", trace.display())).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    (program.to_str().unwrap().to_owned(), trace)
}

#[tokio::test]
async fn no_program_that_a_repository_names_is_run() {
    let scene = Scene::running().await;
    let (program, trace) = trap(&scene);
    let repository = scene.repository();
    let hooks = repository.join(".git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "reference-transaction",
        "post-update",
        "pre-auto-gc",
        "post-index-change",
    ] {
        std::fs::copy(&program, hooks.join(hook)).unwrap();
    }
    for (name, value) in [
        ("core.fsmonitor", program.as_str()),
        ("core.alternateRefsCommand", &program),
        ("core.sshCommand", &program),
        ("core.pager", &program),
        ("core.gitProxy", &program),
        ("hook.trap.command", &program),
        ("hook.trap.event", "reference-transaction"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", &format!("ext::{program}")),
        ("protocol.ext.allow", "always"),
        ("protocol.allow", "always"),
    ] {
        git(&repository, &["config", name, value]);
    }
    commit(&scene.workspace(), "second");
    assert!(!trace.exists(), "the trap is set after what the test itself does");
    let pulled = scene.pull().await.unwrap();
    assert_eq!(pulled.outcome, Outcome::Made);
    assert!(!trace.exists());
    git(&repository, &["update-ref", "refs/heads/other", "main"]);
    assert!(trace.exists(), "a git that is not held back runs it");
}

#[tokio::test]
async fn a_folder_that_was_made_like_a_repository_is_none_unless_it_is_named() {
    let scene = Scene::running().await;
    commit(&scene.workspace(), "second");
    let repository = scene.repository();
    std::fs::remove_dir_all(&repository).unwrap();
    std::fs::create_dir(&repository).unwrap();
    git(&repository, &["init", "--quiet", "--bare"]);
    let refused = scene.pull().await;
    assert!(
        matches!(refused, Err(PullError::Repository(RepositoryError::None { .. }))),
        "{refused:?}"
    );
    let pulled = scene
        .pull_as(|request| request.repository = Some(repository.clone()))
        .await;
    assert_eq!(pulled.unwrap().outcome, Outcome::Made);
}

/// Writes a bundle whose commit has this tree, by hand: the objects may be anything.
fn bundle_of(folder: &Path, mode: &str, name: &str) -> Vec<u8> {
    git(folder, &["init", "--quiet"]);
    let blob = git_reading(folder, &["hash-object", "-w", "--stdin"], b"[core]\n");
    let mut tree = format!("{mode} {name}\0").into_bytes();
    tree.extend(data_encoding::HEXLOWER.decode(blob.as_bytes()).unwrap());
    let write = ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
    let tree = git_reading(folder, &write, &tree);
    let tip = git(folder, &["commit-tree", &tree, "-m", "x"]);
    git(folder, &["update-ref", "HEAD", &tip]);
    bundle(folder, "HEAD")
}

fn bundle(folder: &Path, reference: &str) -> Vec<u8> {
    let create = ["bundle", "create", "--quiet", "-", reference];
    let made = Command::new("git")
        .current_dir(folder)
        .args(create)
        .output()
        .unwrap();
    assert!(made.status.success());
    made.stdout
}

async fn check(mode: &str, name: &str, taken: bool) {
    let scene = Scene::running().await;
    let bundle = bundle_of(&scene.path("elsewhere"), mode, name);
    let result = scene.quarantined(&bundle).await;
    match taken {
        true => assert!(result.is_ok(), "{name}: {result:?}"),
        false => assert!(
            matches!(result, Err(PullError::Rejected(_))),
            "{name}: {result:?}"
        ),
    }
}

#[tokio::test]
async fn trees_that_would_write_where_they_must_not_are_refused() {
    check("100644", "file", true).await;
    for name in [".git", ".GIT", "git~1", "..", ".", "a/b", ".g\u{200c}it"] {
        check("100644", name, false).await;
    }
    check("120000", ".gitmodules", false).await;
}

#[tokio::test]
async fn a_bundle_that_lies_about_its_objects_is_refused() {
    let scene = Scene::running().await;
    commit(&scene.workspace(), "second");
    let whole = bundle(&scene.workspace(), "HEAD");
    let tip = scene.quarantined(&whole).await.unwrap();
    let text = |bytes: &[u8], from: &str, to: &str| {
        let at = bytes
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
    };
    // A tip that is not among the objects, one that is a tree, and a pack that was cut or changed.
    let missing = text(&whole, &tip, &"1".repeat(40));
    let tree = git(&scene.workspace(), &["rev-parse", "HEAD^{tree}"]);
    let no_commit = text(&whole, &tip, &tree);
    let cut = whole[..whole.len() - 30].to_vec();
    let mut changed = whole.clone();
    let last = changed.len() - 25;
    changed[last] ^= 0xff;
    for (what, wrong) in [
        ("missing", missing),
        ("tree", no_commit),
        ("cut", cut),
        ("changed", changed),
    ] {
        assert!(scene.quarantined(&wrong).await.is_err(), "{what}");
    }
}

#[tokio::test]
async fn a_history_with_holes_is_refused() {
    let scene = Scene::running().await;
    let workspace = scene.workspace();
    let first = git(&workspace, &["rev-parse", "HEAD"]);
    commit(&workspace, "second");
    // All but the first commit, under a head that says that it is everything.
    let range = format!("{first}..HEAD");
    let thin = ["bundle", "create", "--quiet", "-", &range, "HEAD"];
    let made = Command::new("git")
        .current_dir(&workspace)
        .args(thin)
        .output()
        .unwrap()
        .stdout;
    let line = format!("-{first}");
    let at = made
        .windows(line.len())
        .position(|window| window == line.as_bytes())
        .unwrap();
    let end = at + made[at..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let lying = [&made[..at], &made[end..]].concat();
    assert!(matches!(
        scene.quarantined(&made).await,
        Err(PullError::Bundle(BundleError::Incomplete))
    ));
    assert!(matches!(
        scene.quarantined(&lying).await,
        Err(PullError::Rejected(_))
    ));
}

#[tokio::test]
async fn a_bundle_without_end_is_cut_off() {
    let scene = Scene::running().await;
    commit(&scene.workspace(), "second");
    let bottle = scene.open().await;
    let guest = Guest {
        bottle: bottle.as_ref(),
        workspace: scene.workspace().to_str().unwrap().parse().unwrap(),
        most: 100,
    };
    let place = Place::take(&scene.state()).unwrap();
    let refused = guest.bundle("HEAD", place.file("bundle").unwrap()).await;
    assert!(
        matches!(refused, Err(GuestError::TooMuch { most: 100 })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_pull_into_a_shallow_repository_keeps_it_whole() {
    let scene = Scene::around(|repository| {
        for name in ["a", "b"] {
            commit(repository, name);
        }
        let origin = repository.with_file_name("origin");
        std::fs::rename(repository, &origin).unwrap();
        let url = format!("file://{}", origin.display());
        let clone = [
            "clone",
            "--quiet",
            "--depth=1",
            &url,
            repository.to_str().unwrap(),
        ];
        git(&origin, &clone);
    })
    .await;
    let tip = commit(&scene.workspace(), "second");
    let pulled = scene.pull().await.unwrap();
    assert_eq!((pulled.outcome, pulled.commits), (Outcome::Made, 1));
    assert_eq!(git(&scene.repository(), &["rev-parse", "bottle/demo-1"]), tip);
    git(&scene.repository(), &["fsck", "--full"]);
}
