//! What the gate shows is what the upstream shows.

use crate::gits;
use crate::world::{Transport, World};

fn each(check: impl Fn(&World)) {
    for git in gits() {
        for transport in [Transport::Ssh, Transport::Https] {
            println!("{} {transport:?}", git.display());
            check(&World::with(&git, transport));
        }
    }
}

#[test]
fn reads_show_what_the_upstream_shows() {
    each(|world| {
        let (root, gate, direct) = (
            world.root.path(),
            world.url(),
            world.upstream().display().to_string(),
        );
        let direct = format!("file://{direct}");
        for version in ["0", "1", "2"] {
            let version = format!("protocol.version={version}");
            let list = |url: &str| world.ok(root, &["-c", &version, "ls-remote", "--symref", url]);
            assert_eq!(list(&gate), list(&direct), "{version}");
            for (number, options) in [
                &[][..],
                &["--depth", "1"],
                &["--single-branch", "--no-tags"],
                &["--filter=blob:none", "--no-checkout"],
                &["--mirror"],
                &["--shallow-since=2001-01-01"],
            ]
            .iter()
            .enumerate()
            {
                let clone = |url: &str, name: &str| {
                    let name = format!("{name}{number}{}", version.len());
                    world.ok(
                        root,
                        &[&["-c", &version, "clone", "--quiet"], *options, &[url, &name]].concat(),
                    );
                    let folder = world.path(&name);
                    let refs = world.ok(&folder, &["for-each-ref"]);
                    let log = world.ok(&folder, &["log", "--all", "--format=%H %D"]);
                    std::fs::remove_dir_all(&folder).unwrap();
                    (refs, log)
                };
                assert_eq!(
                    clone(&gate, "through"),
                    clone(&direct, "directly"),
                    "{version} {options:?}"
                );
            }
        }
    });
}

#[test]
fn what_is_pushed_arrives_and_what_is_new_is_fetched() {
    each(|world| {
        let work = world.clone();
        let first = world.commit(&work, "a/b.txt", "hello\n");
        world.ok(&work, &["push", "--quiet", "-u", "origin", "work/x"]);
        assert!(world.refs().contains(&format!("refs/heads/work/x {first}")));
        let seed = world.path("seed");
        let direct = world.upstream();
        let newest = world.commit(&seed, "later", "later\n");
        world.ok(&seed, &["push", "--quiet", direct.to_str().unwrap(), "main"]);
        // No answer is older than the question.
        world.ok(
            &work,
            &["pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main"],
        );
        assert!(world.ok(&work, &["log", "--format=%H"]).contains(&newest));
        world.ok(&work, &["push", "--quiet"]);
        let merged = world.ok(&work, &["rev-parse", "HEAD"]);
        assert!(world.refs().contains(&format!("refs/heads/work/x {merged}")));
        world.ok(
            &seed,
            &["push", "--quiet", "--delete", direct.to_str().unwrap(), "v1"],
        );
        assert!(!world.ok(&work, &["ls-remote", "origin"]).contains("v1"));
        // From a clone that does not have the whole history.
        world.ok(
            world.root.path(),
            &["clone", "--quiet", "--depth", "1", &world.url(), "shallow"],
        );
        let shallow = world.path("shallow");
        let last = world.commit(&shallow, "s", "s\n");
        world.ok(
            &shallow,
            &["push", "--quiet", "origin", "HEAD:refs/heads/work/shallow"],
        );
        assert!(world.refs().contains(&format!("refs/heads/work/shallow {last}")));
        // A ref to what is there already brings no pack worth the name.
        world.ok(
            &work,
            &["push", "--quiet", "origin", "origin/main:refs/heads/work/same"],
        );
        world.recorded("\"operation\":\"push\",\"verdict\":\"allowed\",\"rule\":\"clean\"");
        world.recorded("\"operation\":\"read\",\"verdict\":\"allowed\",\"rule\":\"fresh\"");
    });
}

#[test]
fn submodules_are_cloned_through_the_gate() {
    let world = World::new();
    let seed = world.path("seed");
    let url = world.url();
    world.ok(
        &seed,
        &[
            "-c",
            "protocol.http.allow=always",
            "submodule",
            "add",
            "--quiet",
            &url,
            "inner",
        ],
    );
    world.ok(&seed, &["commit", "--quiet", "-m", "a submodule"]);
    let direct = world.upstream();
    world.ok(&seed, &["push", "--quiet", direct.to_str().unwrap(), "main"]);
    world.ok(
        world.root.path(),
        &["clone", "--quiet", "--recurse-submodules", &url, "outer"],
    );
    assert!(world.path("outer/inner/file1").exists());
}

#[test]
fn a_repository_that_is_not_declared_is_not_there() {
    let world = World::new();
    let base = world.gate.as_ref().unwrap().base.clone();
    let said = world.fails(world.root.path(), &["ls-remote", &format!("{base}/other.git")]);
    assert!(
        said.contains("no such repository here; this bottle has app"),
        "{said}"
    );
}
