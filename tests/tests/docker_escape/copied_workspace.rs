//! A folder that is copied in brings nothing with it that lies outside, and no credential.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use bottle_tests::harness::{Contents, Needle, Running, Scene};

const LIMIT: Duration = Duration::from_secs(300);

fn start_with_copy(scene: &Scene) -> Result<Running> {
    scene.start_waiting_with(&["--cwd"])
}

fn guest_has(scene: &Scene, secret: &str) -> Result<bool> {
    let agent = scene.agent();
    let home = Contents::Folder {
        container: &agent,
        path: "/home/node",
    };
    let needle = Needle::new(secret)?;
    let in_files = needle.is_in_pieces(|take| scene.engine()?.read(Contents::FilesOf(&agent), take))?;
    Ok(in_files || needle.is_in_pieces(|take| scene.engine()?.read(home, take))?)
}

#[test]
fn copy_in_follows_no_link_out() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("copy_in_follows_no_link_out")? else {
        return Ok(());
    };
    let (work, home) = (scene.stage.directory(), scene.stage.home());
    let secret = format!("private-{}", scene.token);
    fs::write(home.join("private.txt"), &secret)?;
    fs::create_dir(work.join("folder"))?;
    fs::write(work.join("folder/own.txt"), "public")?;
    symlink(home.join("private.txt"), work.join("file-link"))?;
    symlink("../home/private.txt", work.join("relative-link"))?;
    symlink(&home, work.join("folder-link"))?;
    symlink("../../home", work.join("folder/up"))?;
    symlink("own.txt", work.join("folder/inner"))?;
    let _running = start_with_copy(&scene)?;
    let inner = scene.shell("cat folder/inner folder/own.txt")?;
    assert_eq!(inner.stdout, "publicpublic", "{inner:?}");
    ensure!(!guest_has(&scene, &secret)?, "the file behind a link came along");
    Ok(())
}

fn git(folder: &std::path::Path, arguments: &[&str]) -> Result<()> {
    let done = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()?;
    ensure!(
        done.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

#[test]
fn copied_gitconfig_has_no_credential() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("copied_gitconfig_has_no_credential")? else {
        return Ok(());
    };
    let work = scene.stage.directory();
    git(&work, &["init", "--quiet", "--initial-branch", "main"])?;
    fs::write(work.join("file"), "text")?;
    git(&work, &["add", "file"])?;
    let commit = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.com",
        "commit",
        "--quiet",
        "-m",
        "First",
    ];
    git(&work, &commit)?;
    let secret = format!("private-{}", scene.token);
    let url = format!("https://user:{secret}@git.example/repo.git");
    git(&work, &["remote", "add", "origin", &url])?;
    git(
        &work,
        &[
            "config",
            "http.https://git.example/.extraHeader",
            &format!("Authorization: Basic {secret}"),
        ],
    )?;
    git(
        &work,
        &["config", "credential.helper", &format!("!echo password={secret}")],
    )?;
    git(
        &work,
        &["config", "core.sshCommand", &format!("ssh -i /{secret}")],
    )?;
    fs::write(
        work.join(".git/hooks/post-checkout"),
        format!("#!/bin/sh\n# {secret}\n"),
    )?;
    fs::write(
        work.join(".git/extra.config"),
        format!("[http]\n\textraHeader = {secret}\n"),
    )?;
    git(&work, &["config", "include.path", "extra.config"])?;
    let _running = start_with_copy(&scene)?;
    let log = scene.shell("git log --oneline | wc -l && git status --short | wc -l")?;
    assert_eq!(log.stdout, "1\n0\n", "{log:?}");
    let config = scene.shell("git config --list --show-origin; cat .git/config")?;
    ensure!(!config.stdout.contains(&secret), "{config:?}");
    ensure!(!guest_has(&scene, &secret)?, "it came along elsewhere");
    Ok(())
}

/// What was asked of a start in a folder that must not become a workspace.
#[test]
fn workspace_over_home_refused() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("workspace_over_home_refused")? else {
        return Ok(());
    };
    let home = scene.stage.home();
    let above = home.parent().unwrap_or(&home);
    for folder in [
        home.as_path(),
        above,
        &scene.stage.bottle_home(),
        std::path::Path::new("/"),
    ] {
        for mode in ["copy", "mount"] {
            let arguments = [
                "start",
                "tester",
                "--yes",
                "--label",
                &scene.label,
                "--workspace",
                mode,
            ];
            let headless = ["--headless", "--prompt", "exit 0"];
            let mut command = scene.stage.command(&[&arguments[..], &headless].concat())?;
            let output = command.current_dir(folder).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(64..78)),
                "{} {mode}: {said}",
                folder.display()
            );
            scene.assert_gone()?;
        }
    }
    Ok(())
}

/// A file that an agent may have written must not decide what the next agent runs in.
#[test]
fn dockerfile_in_workspace_refused() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("dockerfile_in_workspace_refused")? else {
        return Ok(());
    };
    let dockerfile = scene.stage.directory().join("Dockerfile");
    fs::write(&dockerfile, "FROM debian:bookworm-slim\nRUN touch /built\n")?;
    let bottle = format!(
        "agent_provider: {{template: demo, dockerfile: {}}}\n",
        dockerfile.display()
    );
    scene.stage.write_bottle("one", &bottle)?;
    for flags in [&["--cwd"][..], &["--workspace", "mount"], &[]] {
        let finished = scene.start_with(flags, "exit 0")?.wait(LIMIT)?;
        assert!((64..78).contains(&finished.status), "{flags:?}: {finished:?}");
        assert!(finished.stderr.contains("Dockerfile"), "{finished:?}");
        scene.assert_gone()?;
    }
    Ok(())
}
