use std::process::Command;

use bottle_plan::git::{CiFiles, GitAllow};

use super::*;
use crate::testing::plan;

const HOSTILE: [&str; 9] = [
    "Ada\n[core]\n\tsshCommand = evil",
    "\"\n[alias] x = !evil #",
    "back\\slash\\",
    "--global",
    "# comment ; other",
    "tab\tand  spaces ",
    "\\n\\\"",
    "é日本",
    "a=b",
];

fn repo(name: &str, url: &str) -> GitRepo {
    GitRepo {
        name: name.parse().unwrap(),
        url: url.to_owned(),
        host_key: None,
        key: None,
        branches: Vec::new(),
        allow: GitAllow::default(),
        push_options: Vec::new(),
        ci_files: CiFiles::default(),
        scan_allowlist: None,
        scanners: Vec::new(),
    }
}

/// What git itself reads from a configuration.
fn git(config: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new("git");
    command
        .env_clear()
        .env("GIT_CONFIG_GLOBAL", &file)
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir(&folder);
    let output = command.args(arguments).output().expect("git runs");
    assert!(
        output.status.success(),
        "{config}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nothing_to_say_leaves_the_images_own_file() {
    assert_eq!(gitconfig(&plan()), None);
}

#[test]
fn no_value_breaks_out_of_its_place() {
    for text in HOSTILE {
        let mut plan = plan();
        plan.git_user.name = Some(text.to_owned());
        plan.git_user.email = Some(text.to_owned());
        let config = gitconfig(&plan).unwrap();
        let listed = git(&config, &["config", "--global", "--list", "--null"]);
        let wanted = format!("user.name\n{text}\0user.email\n{text}\0");
        assert_eq!(listed, wanted, "{config}");
    }
}

#[test]
fn any_name_comes_out_as_it_went_in() {
    proptest::proptest!(proptest::test_runner::Config::with_cases(24), |(text in "[^\\x00\\r]{1,40}")| {
        let mut plan = plan();
        plan.git_user.name = Some(text.clone());
        let listed = git(&gitconfig(&plan).unwrap(), &["config", "--global", "--list", "--null"]);
        proptest::prop_assert_eq!(listed, format!("user.name\n{text}\0"));
    });
}

#[test]
fn every_spelling_of_an_upstream_leads_to_the_gate() {
    let mut plan = plan();
    plan.repos = vec![
        repo("app", "ssh://git@forge.example/org/app.git"),
        repo("tools", "ssh://git@forge.example:2222/org/tools.git"),
        repo("web", "https://forge.example:8443/org/web"),
    ];
    plan.git_user.email = Some("ada@example.com".to_owned());
    let config = gitconfig(&plan).unwrap();
    insta::assert_snapshot!(config);
    for (spelling, name) in [
        ("git@forge.example:org/app.git", "app"),
        ("forge.example:org/app", "app"),
        ("ssh://git@forge.example/org/app", "app"),
        ("ssh://git@forge.example:22/org/app.git", "app"),
        ("https://forge.example/org/app.git", "app"),
        ("https://forge.example/org/app", "app"),
        ("ssh://git@forge.example:2222/org/tools.git", "tools"),
        ("https://forge.example/org/tools", "tools"),
        ("https://forge.example:8443/org/web.git", "web"),
        ("git@forge.example:org/web.git", "web"),
    ] {
        let url = git(&config, &["ls-remote", "--get-url", spelling]);
        assert_eq!(
            url.trim(),
            format!("http://git-gate:9420/{name}.git"),
            "{spelling}"
        );
    }
}

/// The pairs that git reads, each `name\nvalue`.
fn pairs(config: &str) -> Vec<String> {
    let listed = git(config, &["config", "--global", "--list", "--null"]);
    let pairs = listed.split('\0').filter(|pair| !pair.is_empty());
    pairs.map(str::to_owned).collect()
}

#[test]
fn insteadof_value_cannot_break_out() {
    for text in HOSTILE {
        for url in [
            text.to_owned(),
            format!("ssh://git@forge.example/{text}"),
            format!("ssh://{text}@forge.example/app"),
            format!("https://{text}/app.git"),
        ] {
            let mut plan = plan();
            plan.repos = vec![repo("app", &url)];
            let config = gitconfig(&plan).unwrap();
            let pairs = pairs(&config);
            let name = "url.http://git-gate:9420/app.git.insteadof\n";
            assert!(pairs.iter().all(|pair| pair.starts_with(name)), "{config}");
            assert!(pairs.contains(&format!("{name}{url}")), "{config}");
        }
    }
}

#[test]
fn a_hostile_name_of_the_gate_stays_in_its_brackets() {
    for text in HOSTILE {
        let mut plan = plan();
        plan.repos = vec![repo("app", "https://forge.example/app.git")];
        plan.git_gate_insteadof.host = text.to_owned();
        let config = gitconfig(&plan).unwrap();
        let is_ours = |pair: &String| pair.starts_with("url.") && pair.contains(".insteadof\n");
        assert!(pairs(&config).iter().all(is_ours), "{config}");
    }
}

#[test]
fn a_mounted_workspace_is_safe_to_git() {
    let mut plan = plan();
    plan.workspace.source = WorkspaceSource::Mount { host: "/x".into() };
    assert_eq!(
        gitconfig(&plan).unwrap(),
        "[safe]\n\tdirectory = \"/home/node/workspace\"\n"
    );
}
