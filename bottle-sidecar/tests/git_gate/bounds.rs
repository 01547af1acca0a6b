//! What a bottle may take of its host: space, memory and time, whatever is pushed and however many push.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::failures::{SOON, push_request, raw};
use crate::hostile::{command, noise};
use crate::pack;
use crate::world::{Gate, Transport, World, within};

/// Space for mirrors of which each fetch and each push may write files of little more than a megabyte, at first.
const SMALL: &str = "16777216";

#[test]
fn mirrors_have_a_size_that_they_do_not_pass_together() {
    let mut world = World::new();
    let _removed = fs::remove_dir_all(world.path("mirrors"));
    world.start_gate_with("branches: ['work/*']", |command| {
        command.args(["--most-bytes", SMALL]);
    });
    let full = "have reached the size that they may have together";
    let work = world.clone();
    world.commit(&work, "big", noise(4 << 20));
    within(SOON, || world.refused(&work, &["origin", "work/x"], &[full]));
    world.ok(&work, &["reset", "--quiet", "--hard", "origin/main"]);
    world.commit(&work, "small", noise(1 << 20));
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    // What the upstream has may be too much as well; it is the repository that fails, and not for good.
    let (seed, direct) = (world.path("seed"), world.upstream().display().to_string());
    world.commit(&seed, "big", noise(4 << 20));
    world.ok(&seed, &["push", "--quiet", &direct, "main"]);
    let said = within(SOON, || {
        world.fails(world.root.path(), &["ls-remote", &world.url()])
    });
    assert!(said.contains(full), "{said}");
    world.recorded("\"rule\":\"no-space\"");
    world.ok(&seed, &["push", "--quiet", "--force", &direct, "HEAD~1:main"]);
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    // Push after push, each small: the sum counts.
    let said = (0..20).find_map(|number| {
        world.commit(&work, "small", noise(900_000 + number));
        let output = world.run(&work, &["push", "--quiet", "origin", "work/x"]);
        (!output.status.success()).then(|| crate::world::said(&output))
    });
    assert!(said.as_ref().is_some_and(|said| said.contains(full)), "{said:?}");
    assert!(size(&world.path("mirrors")) < 16 << 20);
}

/// Each push leaves a pack behind, and git looks through all of them for each object.
#[test]
fn many_pushes_leave_few_packs() {
    let world = World::new();
    let work = world.clone();
    let packs = || {
        let folder = world.path("mirrors/0/mirror.git/objects/pack");
        let entries = fs::read_dir(folder).unwrap().flatten();
        let is_pack = |path: std::path::PathBuf| path.extension().is_some_and(|kind| kind == "pack");
        entries.filter(|entry| is_pack(entry.path())).count()
    };
    for number in 0..30 {
        world.commit(&work, "a", format!("{number}\n"));
        world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
    }
    // It is done in the background.
    let end = Instant::now() + Duration::from_secs(30);
    while packs() >= 20 {
        assert!(Instant::now() < end, "{} packs", packs());
        std::thread::sleep(Duration::from_millis(50));
    }
    let again = world.path("again");
    world.ok(world.root.path(), &["clone", "--quiet", &world.url(), "again"]);
    let pushed = world.ok(&again, &["rev-parse", "origin/work/x"]);
    assert_eq!(pushed, world.ok(&work, &["rev-parse", "HEAD"]));
    world.ok(&again, &["fsck", "--connectivity-only"]);
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| match entry.metadata().unwrap() {
            metadata if metadata.is_dir() => size(&entry.path()),
            metadata => metadata.len(),
        })
        .sum()
}

#[test]
fn a_pack_that_needs_more_memory_than_a_push_may_is_refused() {
    let world = World::new();
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    // A gigabyte in one object; 6 of these kilobytes are all that was sent.
    let body = [command(&"1".repeat(40)), pack::bomb(2, 160)].concat();
    let answer = within(SOON, || raw(&world, &push_request(&body)));
    assert!(answer.contains("takes more memory than one push may"), "{answer}");
    assert_eq!(world.sshd.pushes(), 0);
    assert_eq!(fs::read_dir(world.path("mirrors/quarantine")).unwrap().count(), 0);
}

#[test]
fn a_chain_of_ten_thousand_deltas_is_read_to_its_end() {
    let world = World::new();
    world.ok(world.root.path(), &["ls-remote", &world.url()]);
    for (secret, is_passed) in [("", true), (&*crate::world::key(), false)] {
        let (pack, tip) = pack::chain(10_000, secret);
        let body = [command(&tip), pack].concat();
        let answer = within(SOON, || raw(&world, &push_request(&body)));
        assert_eq!(answer.contains("ok refs/heads/work/y"), is_passed, "{answer}");
        assert_eq!(
            answer.contains("aws-access-key-id in file:"),
            !is_passed,
            "{answer}"
        );
        if is_passed {
            assert!(world.refs().contains(&tip));
            world.ok(&world.upstream(), &["update-ref", "-d", "refs/heads/work/y"]);
        }
    }
}

#[test]
fn twenty_gates_push_to_one_upstream_at_once() {
    let world = World::new();
    let keys = crate::failures::ssh(
        &world.sshd.url(&world.upstream()),
        &world.sshd.host_key(),
        &world.sshd.key(),
    );
    let gates: Vec<Gate> = (0..20)
        .map(|number| {
            let mirrors = world.path(&format!("mirrors{number}"));
            world.another_gate(&format!("gate{number}.yaml"), &keys, &mirrors)
        })
        .collect();
    let work = world.clone();
    let tips: Vec<String> = (0..20)
        .map(|number| {
            let branch = format!("work/{number}");
            world.ok(&work, &["switch", "--quiet", "-c", &branch, "origin/main"]);
            world.commit(&work, "f", format!("{number}\n"))
        })
        .collect();
    std::thread::scope(|scope| {
        for (number, gate) in gates.iter().enumerate() {
            let url = format!("{}/app.git", gate.base);
            let (world, work) = (&world, &work);
            scope.spawn(move || push_patiently(world, work, &url, &format!("work/{number}")));
        }
    });
    let refs = world.refs();
    for (number, tip) in tips.iter().enumerate() {
        assert!(
            refs.contains(&format!("refs/heads/work/{number} {tip}")),
            "{refs}"
        );
    }
}

/// On a machine that is too busy to answer in time a push ends soon and says so; then it is tried again.
fn push_patiently(world: &World, work: &Path, url: &str, branch: &str) {
    let end = Instant::now() + Duration::from_secs(150);
    loop {
        let output = within(Duration::from_secs(60), || {
            world.run(work, &["push", "--quiet", url, branch])
        });
        if output.status.success() {
            return;
        }
        let said = crate::world::said(&output);
        assert!(said.contains("git gate: ") && Instant::now() < end, "{said}");
    }
}

#[test]
fn an_https_upstream_that_falls_silent_within_a_push_is_given_up() {
    let world = World::with(Path::new("/usr/bin/git"), Transport::Https);
    let work = world.clone();
    world.commit(&work, "a", "a\n");
    world.https().fall_silent(true);
    let said = within(SOON + Duration::from_secs(2), || {
        world.fails(&work, &["push", "origin", "work/x"])
    });
    assert!(said.contains("git gate: failed: "), "{said}");
    assert!(
        said.contains("fell silent") || said.contains("does not go on"),
        "{said}"
    );
    world.https().fall_silent(false);
    world.ok(&work, &["push", "--quiet", "origin", "work/x"]);
}
