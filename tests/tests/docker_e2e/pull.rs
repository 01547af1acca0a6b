//! An agent's commits, brought home.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use bottle_tests::harness::{Object, Scene};

use crate::QUICK;

const COMMIT: &str = "git -c user.name=agent -c user.email=agent@example.com commit --quiet --all --message";

/// Runs the host's git in the folder that the bottle is started in.
fn git(scene: &Scene, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .current_dir(scene.stage.directory())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["-c", "user.name=user", "-c", "user.email=user@example.com"])
        .args(arguments)
        .output()?;
    anyhow::ensure!(output.status.success(), "git {arguments:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A scene whose working folder is a repository with one commit.
fn repository(test: &str) -> Result<Option<Scene>> {
    let Some(scene) = Scene::set_or_skip(test)? else {
        return Ok(None);
    };
    std::fs::write(scene.stage.directory().join("file"), "from the host\n")?;
    git(&scene, &["init", "--quiet", "--initial-branch=main"])?;
    git(&scene, &["add", "file"])?;
    git(&scene, &["commit", "--quiet", "--message", "first"])?;
    Ok(Some(scene))
}

#[test]
fn commits_of_a_preserved_bottle_come_home() -> Result<()> {
    let Some(scene) = repository("commits_of_a_preserved_bottle_come_home")? else {
        return Ok(());
    };
    let work = format!("must: echo by the agent >> file && {COMMIT} second && echo draft > draft");
    let finished = scene.start_with(&["--cwd"], &work)?.wait(QUICK)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    let hint = format!("bottle pull {}", scene.label);
    assert!(finished.stderr.contains(&hint), "{finished:?}");
    let pulled = scene.stage.run(&["pull", &scene.label], QUICK)?;
    assert_eq!(pulled.status, 0, "{pulled:?}");
    assert!(
        pulled.stderr.contains("1 new commit on the new branch"),
        "{pulled:?}"
    );
    assert!(pulled.stderr.contains("1 changed or new file"), "{pulled:?}");
    let branch = format!("bottle/{}", scene.label);
    let shown = git(&scene, &["show", &format!("{branch}:file")])?;
    assert_eq!(shown, "from the host\nby the agent");
    assert_eq!(git(&scene, &["log", "-1", "--format=%s", "main"])?, "first");
    assert_eq!(git(&scene, &["status", "--porcelain"])?, "");
    let objects = scene.engine()?.objects(&scene.label)?;
    let runs = |object: &Object| matches!(object, Object::Container { running: true, .. });
    assert!(
        !objects.is_empty() && !objects.iter().any(runs),
        "at rest again: {objects:?}"
    );
    let copied = scene
        .stage
        .run(&["pull", &scene.label, "--files", "out"], QUICK)?;
    assert_eq!(copied.status, 0, "{copied:?}");
    let out = scene.stage.directory().join("out");
    assert_eq!(std::fs::read_to_string(out.join("draft"))?, "draft\n");
    assert!(!out.join(".git").exists());
    Ok(())
}

#[test]
fn commits_of_a_running_bottle_come_home_and_its_git_folder_runs_nothing_here() -> Result<()> {
    const TEST: &str = "commits_of_a_running_bottle_come_home_and_its_git_folder_runs_nothing_here";
    let Some(scene) = repository(TEST)? else {
        return Ok(());
    };
    let _running = scene.start_waiting_with(&["--cwd"])?;
    // The same path exists on both sides; whose programs run shows where the trace lies.
    let trace = format!("/tmp/{}-trace", scene.label);
    let trap = format!("/tmp/{}-trap", scene.label);
    std::fs::write(&trap, format!("#!/bin/sh\ntouch {trace}\n"))?;
    let _gone = (Gone(trap.clone()), Gone(trace.clone()));
    set_executable(Path::new(&trap))?;
    let prepare = format!(
        "printf '#!/bin/sh\\ntouch {trace}\\n' > {trap}; chmod 755 {trap}; cd ~/workspace
for hook in pre-commit post-commit reference-transaction post-checkout pre-auto-gc; do
  cp {trap} .git/hooks/$hook
done
git config core.fsmonitor {trap}; git config core.sshCommand {trap}; git config core.pager {trap}
git config uploadpack.packObjectsHook {trap}; git config filter.x.clean {trap}; git config core.hooksPath .git/hooks
echo '* filter=x' > .git/info/attributes; echo by the agent >> file; {COMMIT} second; git rev-parse HEAD"
    );
    let done = scene.shell(&format!(
        "mkdir -p ~/workspace/.git/hooks ~/workspace/.git/info; {prepare}"
    ))?;
    assert_eq!(done.status, 0, "{done:?}");
    let tip = done.stdout.trim().lines().last().context("no commit")?.to_owned();
    assert_eq!(
        scene.shell(&format!("test -e {trace}"))?.status,
        0,
        "the trap works"
    );
    assert!(!Path::new(&trace).exists());
    let branch = format!("bottle/{}", scene.label);
    for said in [
        "1 new commit on the new branch",
        "has all of the workspace's commits already",
    ] {
        let pulled = scene.stage.run(&["pull", &scene.label], QUICK)?;
        assert_eq!(pulled.status, 0, "{pulled:?}");
        assert!(pulled.stderr.contains(said), "{pulled:?}");
        assert_eq!(git(&scene, &["rev-parse", &branch])?, tip);
    }
    assert!(
        !Path::new(&trace).exists(),
        "a program of the guest's ran on the host"
    );
    assert_eq!(scene.shell("true")?.status, 0, "it runs on");
    Ok(())
}

fn set_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(path, PermissionsExt::from_mode(0o755))?)
}

/// A file that goes with the test.
struct Gone(String);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
