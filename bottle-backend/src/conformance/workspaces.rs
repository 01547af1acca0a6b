//! Promises about the agent's working folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use bottle_plan::workspace::{Resources, WorkspaceSource};

use super::bottles::{Running, chain, lacks, start, start_with};
use super::{Ability, Harness};

const ENTER: &str = "cd \"$HOME/workspace\"";

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    for (path, content) in [
        ("src/main.rs", "fn main() {}"),
        (".gitignore", "target/\n*.key\n"),
        ("target/big", "built"),
        ("server.key", "private"),
        ("notes.mine", "the user's own patterns ignore it"),
        ("docs/a b.md", "text"),
        (".git/HEAD", "ref: refs/heads/main\n"),
        (
            ".git/refs/heads/main",
            "0123456789012345678901234567890123456789\n",
        ),
        (".git/objects/info/packs", ""),
        (".git/hooks/pre-commit", "#!/bin/sh\n"),
        (".git/index", "index"),
        (".git/config", CONFIG),
    ] {
        let path = folder.path().join(path);
        let made = fs::create_dir_all(path.parent().unwrap_or(Path::new("/")));
        made.and_then(|()| fs::write(&path, content))
            .unwrap_or_else(|error| panic!("{error}"));
    }
    folder
}

const CONFIG: &str = r#"[core]
	repositoryformatversion = 0
	bare = false
	hooksPath = /home/user/hooks
[remote "origin"]
	url = https://user:hunter2@example.com/org/app.git?token=hunter3
	fetch = +refs/heads/*:refs/remotes/origin/*
	pushurl = https://hunter4@example.com/org/app.git
[http "https://example.com"]
	extraHeader = Authorization: Bearer hunter5
[url "https://hunter6@example.com/"]
	insteadOf = https://example.com/
[credential]
	helper = store --file /home/user/hunter7
"#;

async fn copied(harness: &dyn Harness, folder: &Path, include: &[&str]) -> Running {
    let workspace = WorkspaceSource::Copy {
        host: folder.to_owned(),
        include: include.iter().map(|&pattern| pattern.to_owned()).collect(),
    };
    start_with(harness, workspace, Resources::default()).await
}

async fn changed(run: &Running) -> bool {
    let changed = run.bottle.workspace_changed().await;
    changed.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

pub async fn an_empty_workspace_belongs_to_the_agent(harness: &dyn Harness) {
    let run = start(harness).await;
    run.prints(&format!("{ENTER} && ls -A && echo x > file && cat file"), "x\n")
        .await;
    assert!(changed(&run).await);
    run.end().await;
}

pub async fn a_copied_workspace_is_the_agents_and_leaves_ignored_files_out(harness: &dyn Harness) {
    let folder = project();
    let run = copied(harness, folder.path(), &[]).await;
    let listing = format!("{ENTER} && find . -type f | grep -v '^./.git/' | sort");
    run.prints(&listing, "./.gitignore\n./docs/a b.md\n./src/main.rs\n")
        .await;
    run.prints(
        &format!("{ENTER} && ls -A .git/hooks 2>/dev/null; cat .git/HEAD"),
        "ref: refs/heads/main\n",
    )
    .await;
    run.prints(
        &format!("{ENTER} && echo more >> src/main.rs && mkdir new && rm 'docs/a b.md'"),
        "",
    )
    .await;
    if !lacks(harness, Ability::Users) {
        run.prints(
            &format!("{ENTER} && stat -c %u . src src/main.rs .git .git/config | sort -u"),
            "1000\n",
        )
        .await;
    }
    run.end().await;
    let run = copied(harness, folder.path(), &["*.key"]).await;
    run.prints(
        &format!("{ENTER} && cat server.key && ls -d target 2>/dev/null; true"),
        "private",
    )
    .await;
    run.end().await;
    assert_eq!(
        fs::read_to_string(folder.path().join("src/main.rs"))
            .ok()
            .as_deref(),
        Some("fn main() {}")
    );
}

pub async fn a_workspace_that_was_not_touched_has_not_changed(harness: &dyn Harness) {
    let run = start(harness).await;
    assert!(!changed(&run).await);
    run.end().await;
    let folder = project();
    let run = copied(harness, folder.path(), &[]).await;
    // Reading, and what `git status` does.
    run.prints(
        &format!("{ENTER} && cat src/main.rs > /dev/null && touch src/main.rs && echo other > .git/index"),
        "",
    )
    .await;
    assert!(!changed(&run).await);
    run.end().await;
}

pub async fn a_change_is_seen_whatever_it_is(harness: &dyn Harness) {
    let folder = project();
    let run = copied(harness, folder.path(), &[]).await;
    let changes = [
        ("printf x >> src/main.rs", "printf 'fn main() {}' > src/main.rs"),
        ("chmod +x src/main.rs", "chmod -x src/main.rs"),
        ("mkdir new", "rmdir new"),
        ("ln -s /etc/passwd link", "rm link"),
        ("mkfifo pipe", "rm pipe"),
        ("mv docs moved", "mv moved docs"),
        ("printf x > .git/refs/heads/other", "rm .git/refs/heads/other"),
    ];
    for (change, undo) in changes {
        run.prints(&format!("{ENTER} && {change}"), "").await;
        assert!(changed(&run).await, "{change}");
        run.prints(&format!("{ENTER} && {undo}"), "").await;
        assert!(!changed(&run).await, "{undo}");
    }
    run.end().await;
}

pub async fn endless_workspace_is_a_change_at_once(harness: &dyn Harness) {
    let folder = project();
    let run = copied(harness, folder.path(), &[]).await;
    let attacks = [
        (
            "truncate -s 16492674416640 src/main.rs",
            "printf 'fn main() {}' > src/main.rs",
        ),
        ("truncate -s 16492674416640 .git/index", "echo index > .git/index"),
        ("truncate -s 16492674416640 new", "rm new"),
        ("mkfifo pipe", "rm pipe"),
        ("mkdir many && cd many && seq 20000 | xargs touch", "rm -r many"),
    ];
    for (attack, undo) in attacks {
        let made = run.sh(&format!("{ENTER} && {attack}")).await;
        if made.status != 0 {
            println!("not shown here: {attack}: {}", super::bottles::text(&made.stderr));
        } else {
            let seen = tokio::time::timeout(AT_ONCE, changed(&run)).await;
            assert_eq!(seen.ok(), Some(true), "{attack}");
        }
        run.prints(&format!("{ENTER} && {undo}"), "").await;
    }
    assert!(!changed(&run).await);
    run.end().await;
}

/// Far less than reading any of it would take.
const AT_ONCE: Duration = Duration::from_secs(20);

pub async fn copied_gitconfig_has_no_credential(harness: &dyn Harness) {
    let folder = project();
    let run = copied(harness, folder.path(), &[]).await;
    run.prints(
        &format!("{ENTER} && grep -rs hunter . | wc -l | tr -d ' '"),
        "0\n",
    )
    .await;
    let config = format!("{ENTER} && cat .git/config");
    let expected = "[core]\n\trepositoryformatversion = \"0\"\n\tbare = \"false\"\n[remote \"origin\"]\n\
                    \turl = \"https://example.com/org/app.git\"\n\tfetch = \"+refs/heads/*:refs/remotes/origin/*\"\n";
    run.prints(&config, expected).await;
    run.end().await;
}

pub async fn a_mounted_workspace_is_the_hosts_own_but_for_what_the_host_acts_upon(harness: &dyn Harness) {
    if lacks(harness, Ability::Mounts) {
        return;
    }
    let folder = project();
    let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap_or_default();
    let open_to_all = |path: &str, mode| {
        let path = folder.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap_or_else(|error| panic!("{error}"));
    };
    fs::create_dir(folder.path().join(".vscode")).unwrap_or_else(|error| panic!("{error}"));
    fs::write(folder.path().join(".vscode/tasks.json"), "mine").unwrap_or_else(|error| panic!("{error}"));
    fs::write(folder.path().join(".envrc"), "mine").unwrap_or_else(|error| panic!("{error}"));
    for path in ["", ".git", ".git/hooks", ".vscode"] {
        open_to_all(path, 0o777);
    }
    open_to_all(".git/config", 0o666);
    let before = fs::read_dir(folder.path())
        .map(Iterator::count)
        .unwrap_or_default();
    let workspace = WorkspaceSource::Mount {
        host: folder.path().to_owned(),
    };
    let run = start_with(harness, workspace, Resources::default()).await;
    run.prints(
        &format!("{ENTER} && cat src/main.rs && echo new > file && rm server.key"),
        "fn main() {}",
    )
    .await;
    assert_eq!(read("file"), "new\n");
    assert!(!folder.path().join("server.key").exists());
    run.prints(
        &format!("{ENTER} && ls -A .vscode .idea .devcontainer .husky .bot-bottle | grep json; cat .envrc"),
        "",
    )
    .await;
    for name in [".vscode", ".idea", ".devcontainer", ".husky", ".bot-bottle"] {
        let tries = format!(
            "{ENTER} && (echo x > {name}/x; rmdir {name}; mv {name} other; rm -rf {name}) 2>/dev/null; ls -A {name}"
        );
        run.prints(&tries, "").await;
    }
    assert!(!changed(&run).await);
    run.sh(&format!(
        "{ENTER} && echo evil > .envrc; mv .envrc other; rm -f .envrc"
    ))
    .await;
    run.prints(&format!("{ENTER} && cat .git/HEAD && mkdir -p .git/hooks && echo evil > .git/hooks/post-checkout && echo evil >> .git/config && grep -c hunter .git/config || true"), "ref: refs/heads/main\n0\n").await;
    assert!(
        changed(&run).await,
        "what the agent did in its own repository lies nowhere else"
    );
    run.end().await;
    assert_eq!(
        (read(".envrc"), read(".vscode/tasks.json"), read(".git/config")),
        ("mine".to_owned(), "mine".to_owned(), CONFIG.to_owned())
    );
    assert!(!folder.path().join(".git/hooks/post-checkout").exists());
    let after = fs::read_dir(folder.path())
        .map(Iterator::count)
        .unwrap_or_default();
    assert_eq!(after, before, "one file less and one more, and no cover left");
}
