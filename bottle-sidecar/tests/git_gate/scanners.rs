//! Installed scanners that read a push too: in the real gate's worker, with stand-ins for what they say.

use std::fs;

use crate::sshd::script;
use crate::world::World;

/// A gate that finds a scanner with this body, and no other one, before the system's programs.
fn world(name: &str, body: &str) -> World {
    let mut world = World::new();
    let folder = world.path("scanners");
    fs::create_dir_all(&folder).unwrap();
    script(&folder.join(name), &format!("#!/bin/bash\n{body}\n"));
    let path = format!("{}:/usr/bin:/bin", folder.display());
    world.start_gate_with(
        &format!("branches: ['work/*']\nscan: {{scanners: [{name}]}}"),
        |command| {
            command.env("PATH", path);
        },
    );
    world
}

const GITLEAKS: &str = "
line=$(grep -an FINDME - | head -n 1 | cut -d: -f1)
if [ -z \"$line\" ]; then echo '[]'; exit 0; fi
echo '[{\"RuleID\": \"its-rule\", \"StartLine\": '$line'}]'
exit 42";

#[test]
fn what_another_scanner_finds_is_refused_where_it_is() {
    let world = world("gitleaks", GITLEAKS);
    let work = world.clone();
    world.commit(&work, "clean", "one\ntwo\n");
    world.ok(&work, &["push", "--quiet", &world.url(), "work/x"]);
    let dirty = world.commit(&work, "a/b", "one\ntwo\nthree FINDME\n");
    let place = format!("refused: gitleaks/its-rule in a/b:3 at {}", &dirty[..10]);
    let said = world.refused(&work, &[&world.url(), "work/x"], &[&place]);
    assert!(!said.contains("FINDME"), "{said}");
    world.ok(&work, &["reset", "--quiet", "--hard", "HEAD~1"]);
    world.ok(
        &work,
        &["commit", "--quiet", "--allow-empty", "-m", "words\n\nFINDME"],
    );
    world.refused(
        &work,
        &[&world.url(), "work/x"],
        &["refused: gitleaks/its-rule in a commit:"],
    );
    // Our own scanner reads on beside it.
    world.ok(&work, &["reset", "--quiet", "--hard", "HEAD~1"]);
    world.commit(&work, "key", format!("{}\n", crate::world::key()));
    world.refused(
        &work,
        &[&world.url(), "work/x"],
        &["refused: aws-access-key-id in key:1"],
    );
}

#[test]
fn a_name_that_another_scanner_finds_is_no_part_of_a_file() {
    let world = world("gitleaks", GITLEAKS);
    let work = world.clone();
    world.commit(&work, "FINDME", "one\n");
    world.refused(
        &work,
        &[&world.url(), "work/x"],
        &["refused: gitleaks/its-rule in the name of a file"],
    );
}

#[test]
fn one_that_cannot_say_what_it_found_lets_nothing_pass() {
    for (body, words) in [
        (
            "cat > /dev/null; echo 'no such flag' >&2; exit 126",
            "no such flag",
        ),
        ("cat > /dev/null; echo '{}'", "betterleaks: "),
        ("exit 0", "betterleaks: "),
        (
            "cat > /dev/null; kill -9 $$",
            "betterleaks: it ended with signal: 9",
        ),
        ("yes", "betterleaks: "),
    ] {
        let world = world("betterleaks", body);
        let work = world.clone();
        world.commit(&work, "clean", "one\n");
        let failed = ["the push could not be examined: ", words];
        world.refused(&work, &[&world.url(), "work/x"], &failed);
    }
}

#[test]
fn it_reaches_no_network_and_writes_no_file() {
    let body = "cat > /dev/null
(echo x > written) 2> /dev/null && exit 3
(echo x > \"$0.written\") 2> /dev/null && exit 4
(: > /dev/tcp/127.0.0.1/22) 2> /dev/null && exit 5
echo '{\"findings\": []}'";
    let world = world("betterleaks", body);
    let work = world.clone();
    world.commit(&work, "clean", "one\n");
    world.ok(&work, &["push", "--quiet", &world.url(), "work/x"]);
}

#[test]
fn one_that_is_not_installed_leaves_the_gate_closed() {
    let world = World::new();
    let programs = world.path("programs");
    fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(&world.git, programs.join("git")).unwrap();
    for name in ["ssh", "ssh-add", "ssh-agent"] {
        std::os::unix::fs::symlink(format!("/usr/bin/{name}"), programs.join(name)).unwrap();
    }
    let keys = format!(
        "url: 'https://127.0.0.1/app.git'\n      key: {{provider: token, token_ref: GATE_TEST_TOKEN}}\n      {}",
        "scan: {scanners: [gitleaks]}"
    );
    let said = world.gate_ends(&keys, |command| {
        command.env("PATH", &programs);
    });
    assert!(said.contains("gitleaks is not installed"), "{said}");
    let said = world.gate_ends(&keys.replace("[gitleaks]", "[gitleak]"), |_| {});
    assert!(said.contains("is no scanner"), "{said}");
}
