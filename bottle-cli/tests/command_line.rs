//! The `bottle` command as a user types it, with a home of its own and no engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use assert_cmd::Command;

/// A home with nothing in it, and the command that lives there.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A home with one bottle and one agent.
    fn with_agent(bottle: &str) -> Self {
        let home = Self::new();
        home.write("bottles/dev.md", &format!("---\n{bottle}---\n"));
        home.write("agents/coder.md", "---\nbottle: dev\n---\nWrite code.\n");
        home
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(".bot-bottle").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn bottle(&self, line: &str) -> Command {
        let mut command = Command::cargo_bin("bottle").unwrap();
        let work = self.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        command.env_clear().env("HOME", self.path()).current_dir(work);
        command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        command.args(line.split_whitespace());
        command
    }

    /// Runs a command and returns its status and both outputs, with what differs from run to run taken out.
    fn run(&self, line: &str) -> String {
        let output = self.bottle(line).output().unwrap();
        let text = format!(
            "$ bottle {line}\nstatus {}\n--- stdout\n{}--- stderr\n{}",
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        let text = text.replace(self.path().to_str().unwrap(), "[HOME]");
        let identity = regex_lite::Regex::new("coder-[0-9a-z]{5}\\b").unwrap();
        identity.replace_all(&text, "coder-[ID]").into_owned()
    }
}

#[test]
fn help_says_what_exit_statuses_mean() {
    insta::assert_snapshot!(Home::new().run("--help"));
    insta::assert_snapshot!(Home::new().run("start --help"));
}

#[test]
fn init_writes_what_start_can_use_and_never_overwrites() {
    let home = Home::new();
    insta::assert_snapshot!(home.run("init"));
    insta::assert_snapshot!(home.run("init"));
    insta::assert_snapshot!(home.run("start coder --dry-run"));
}

#[test]
fn list_marks_what_is_broken() {
    let home = Home::with_agent("agent_provider: {template: demo}\n");
    home.write("agents/broken.md", "---\nbotle: dev\n---\n");
    insta::assert_snapshot!(home.run("list"));
    insta::assert_snapshot!(home.run("list --json"));
}

#[test]
fn info_explains_every_value() {
    let home = Home::with_agent("agent_provider: {template: demo}\nenv: {EDITOR: vi, TOKEN: ?}\n");
    insta::assert_snapshot!(home.run("info coder"));
    insta::assert_snapshot!(home.run("info coder --origin"));
}

#[test]
fn every_mistake_is_shown_at_once() {
    let home = Home::with_agent(
        "agent_provider: {templte: demo}\nruntime: docker\negress: {routes: [{host: '*.com'}]}\n",
    );
    insta::assert_snapshot!(home.run("start coder --dry-run"));
}

#[test]
fn a_plan_is_printed_without_an_engine() {
    let home = Home::with_agent(
        "agent_provider: {template: claude, auth_token: MODEL_KEY}\negress:\n  routes:\n    - host: api.example.com\n      auth: {scheme: Bearer, token_ref: EXAMPLE_TOKEN}\n",
    );
    let output = home
        .bottle("start coder --dry-run")
        .env("MODEL_KEY", "sk-ant-oat01-secret")
        .env("EXAMPLE_TOKEN", "example-0123456789")
        .output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let plan = String::from_utf8(output.stdout).unwrap();
    assert!(plan.contains("host: api.example.com"), "{plan}");
    for secret in ["sk-ant-oat01-secret", "example-0123456789"] {
        assert!(
            !plan.contains(secret) && !String::from_utf8_lossy(&output.stderr).contains(secret),
            "{secret} is shown"
        );
    }
}

#[test]
fn an_unset_variable_is_named_before_anything_starts() {
    let home =
        Home::with_agent("agent_provider: {template: demo}\nenv: {A: '${NOT_SET}', B: '${NOR_THIS}'}\n");
    insta::assert_snapshot!(home.run("start coder --dry-run"));
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let home = Home::with_agent("agent_provider: {template: demo}\n");
    insta::assert_snapshot!(home.run("start"));
    insta::assert_snapshot!(home.run("start coder"));
    insta::assert_snapshot!(home.run("start coder --headless --yes"));
}

#[test]
fn an_unknown_agent_is_named_before_a_terminal_is_missed() {
    let home = Home::with_agent("agent_provider: {template: demo}\n");
    insta::assert_snapshot!(home.run("start nosuch"));
}

#[test]
fn an_unknown_provider_lists_what_there_is() {
    let home = Home::with_agent("agent_provider: {template: cladue}\n");
    insta::assert_snapshot!(home.run("start coder --dry-run"));
}

#[test]
fn workspace_over_home_refused() {
    let home = Home::with_agent("agent_provider: {template: demo}\n");
    for folder in [
        home.path().to_owned(),
        home.path().parent().unwrap().to_owned(),
        home.path().join(".bot-bottle"),
    ] {
        let output = home
            .bottle("start coder --dry-run --workspace mount")
            .current_dir(&folder)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(65), "{}", folder.display());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("cannot be a workspace"), "{said}");
    }
}

#[test]
fn a_repository_agent_needs_a_reader_to_run_unattended() {
    let home = Home::with_agent("agent_provider: {template: demo}\n");
    let shipped = home.path().join("work/.bot-bottle/agents");
    std::fs::create_dir_all(&shipped).unwrap();
    std::fs::write(
        shipped.join("helper.md"),
        "---\ndescription: helps\n---\nDo evil.\n",
    )
    .unwrap();
    let said = home.run("start helper --bottle dev --yes --headless --prompt --hi");
    assert!(
        said.starts_with("$ bottle start helper --bottle dev --yes --headless --prompt --hi\nstatus 77\n"),
        "{said}"
    );
    assert!(said.contains("--trust-agent"), "{said}");
}

#[test]
fn an_engine_that_is_not_there_is_explained() {
    let home = Home::with_agent("agent_provider: {template: demo}\n");
    // Named, since what else this machine has must not matter.
    insta::assert_snapshot!(home.run("start coder --backend docker --headless --yes --prompt hi"));
    let said = home.run("doctor --json");
    let found = r#""ok": false,
      "warnings": [],
      "what": "backend docker""#;
    assert!(
        said.contains(found) && said.contains("there is no engine"),
        "{said}"
    );
}

#[test]
fn completions_are_printed() {
    let said = Home::new().run("completions bash");
    assert!(said.contains("_bottle()"), "{said}");
}

#[test]
fn a_mounted_workspace_says_what_it_cannot_cover() {
    let home = Home::with_agent("agent_provider: {template: demo}\n");
    let mounted = home.run("start coder --dry-run --workspace mount");
    assert!(
        mounted.contains("ITSELF") && mounted.contains("submodules"),
        "{mounted}"
    );
    let copied = home.run("start coder --dry-run --workspace copy");
    assert!(!copied.contains("submodules"), "{copied}");
}

/// A host key that opens nothing.
const HOST_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";

/// A home whose bottle has these repositories, and a file `id_app` beside it with this mode.
fn with_repositories(repos: &str, mode: u32) -> Home {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with_agent(&format!(
        "agent_provider: {{template: demo}}\ngit-gate:\n  repos:\n{repos}"
    ));
    home.write("bottles/id_app", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    let key = home.path().join(".bot-bottle/bottles/id_app");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(mode)).unwrap();
    home
}

#[test]
fn what_may_be_pushed_where_is_shown() {
    let repos = format!(
        "    app: {{url: 'https://git.example.com/app.git'}}\n    tool: {{url: 'ssh://git@git.example.com/tool', \
         host_key: {HOST_KEY}, key: {{provider: static, path: id_app}}, branches: ['feature/*'], allow: {{tags: true}}, \
         ci_files: allow}}\n"
    );
    let shown = with_repositories(&repos, 0o600).run("start coder --dry-run");
    for line in [
        "pushes     app to https://git.example.com/app.git, branches bottle/coder-[ID]/*, without a credential",
        "pushes     tool to ssh://git@git.example.com/tool, branches feature/*, tags, with the key \
         [HOME]/.bot-bottle/bottles/id_app - files that its CI runs may change",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn what_a_repository_lacks_is_named_before_anything_starts() {
    let repos = format!(
        "    a: {{url: 'ssh://git@git.example.com/a', host_key: {HOST_KEY}, key: {{provider: static, path: id_app}}}}\n    \
         b: {{url: 'https://git.example.com/b', key: {{provider: token, token_ref: FORGE_TOKEN}}}}\n    \
         c: {{url: 'ssh://git@git.example.com/c', host_key: {HOST_KEY}, \
         key: {{provider: github, forge_token_env: FORGE_TOKEN}}}}\n"
    );
    let said = with_repositories(&repos, 0o644).run("start coder --dry-run");
    assert!(!said.contains("status 0"), "{said}");
    for words in [
        "repository a: [HOME]/.bot-bottle/bottles/id_app is a private key that others may read (mode 644)",
        "repository b: FORGE_TOKEN is not set in the environment",
        "repository c: this version makes no deploy keys",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// A bottle of five events that only lies on this host, and the lines of its log.
fn logged(home: &Home) -> Vec<String> {
    use bottle_cli::state::{CHAIN, ChainState, StateFolder};
    use bottle_wire::event::{Event, What};
    let root = home.path().join(".bot-bottle/state");
    let folder = StateFolder::of(&root, &"demo-1".parse().unwrap());
    drop(folder.create().unwrap());
    let mut head = bottle_wire::chain::Head::start();
    let lines = (0..5).map(|time| {
        let door = bottle_plan::door::Door::Supervise;
        let event = Event {
            time,
            door,
            what: What::Opened,
        };
        serde_json::to_string(&head.append(b"key", event).unwrap()).unwrap()
    });
    let lines: Vec<String> = lines.collect();
    folder.append_events(&lines).unwrap();
    let chain = ChainState {
        key: "key".to_owned(),
        bytes: lines.iter().map(|line| line.len() as u64 + 1).sum(),
        head,
    };
    folder.write_json(CHAIN, &chain).unwrap();
    lines
}

#[test]
fn an_edited_removed_or_cut_line_of_the_log_is_reported_by_number() {
    let home = Home::new();
    let lines = logged(&home);
    let verify = |lines: &[String]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(home.path().join(".bot-bottle/state/demo-1/events.jsonl"), text).unwrap();
        home.run("log demo-1 --verify")
    };
    let said = verify(&lines);
    assert!(
        said.contains("status 0") && said.contains("5 events, each as the doors wrote it"),
        "{said}"
    );
    let mut edited = lines.clone();
    edited[2] = edited[2].replace("supervise", "egress");
    let mut removed = lines.clone();
    removed.remove(1);
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    for (changed, wanted) in [
        (edited, "line 3 was changed"),
        (removed, "line 2 was changed, or lines before it were removed"),
        (swapped, "line 4 was changed"),
        (
            lines[..3].to_vec(),
            "the log ends at event 3, and 5 were recorded",
        ),
        (Vec::new(), "the log ends at event 0, and 5 were recorded"),
    ] {
        let said = verify(&changed);
        assert!(
            said.contains("status 77") && said.contains(wanted),
            "{wanted}: {said}"
        );
    }
}
