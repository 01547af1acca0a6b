//! The git gate in a bottle: clone, push, a refusal that the agent can read, and nothing of the gate in its container.

use anyhow::{Result, ensure};
use bottle_tests::git_host::GitHost;
use bottle_tests::harness::{Contents, Needle, Scene};
use bottle_tests::held_push;
use bottle_tests::ssh_host::SshHost;
use std::net::SocketAddr;

use crate::QUICK;
use crate::coder::{Coder, Program, WITH_BUILD};

/// A line of shell that makes a key of a vendor's form without holding one.
const KEY: &str = "printf '%s%s\\n' AKIA QRSTUV2WXYZ3ABCD";

/// Clones, pushes a clean commit, and has a dirty one refused.
fn pushes(scene: &Scene, url: &str) -> Result<()> {
    let cloned = scene.shell(&format!("git clone -q {url} app && cat app/README"))?;
    ensure!(cloned.status == 0 && cloned.stdout == "cloned\n", "{cloned:?}");
    let clean = "cd app && git switch -q -c work/x && echo hello > new && git add new \
                 && git commit -q -m new && git push -q -u origin work/x";
    let pushed = scene.shell(clean)?;
    ensure!(pushed.status == 0, "{pushed:?}");
    let dirty = format!("cd app && {KEY} > key && git add key && git commit -q -m key && git push -q");
    let refused = scene.shell(&dirty)?;
    let words = "remote: git gate: refused: aws-access-key-id in key:1 at ";
    ensure!(
        refused.status != 0 && refused.stderr.contains(words),
        "{refused:?}"
    );
    let log = scene.stage.run(&["log", &scene.label], QUICK)?;
    for words in [
        "allowed read app (fresh)",
        "allowed push app (clean): refs/heads/work/x",
        "refused push app (aws-access-key-id)",
    ] {
        ensure!(log.stdout.contains(words), "{words}: {log:?}");
    }
    Ok(())
}

#[test]
fn a_clean_push_arrives_by_ssh_and_a_dirty_one_is_refused_in_words() -> Result<()> {
    const TEST: &str = "a_clean_push_arrives_by_ssh_and_a_dirty_one_is_refused_in_words";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let Some(host) = SshHost::start_or_skip(TEST, scene.engine()?.gateway()?)? else {
        return Ok(());
    };
    host.add_to(&scene.stage, "one")?;
    let _running = scene.start_waiting()?;
    pushes(&scene, &host.url())?;
    ensure!(
        host.files("work/x")? == ["README", "new"],
        "{:?}",
        host.files("work/x")
    );
    // The key, the mirrors and the programs that need them are the sidecar's.
    let key = host.key()?;
    let line = key.lines().nth(2).unwrap_or_default();
    let needle = Needle::new(line)?;
    let agent = scene.agent();
    let engine = scene.engine()?;
    let found = needle.is_in_pieces(|take| engine.read(Contents::FilesOf(&agent), take))?;
    ensure!(!found, "the agent's container holds the key");
    for container in [&agent, &scene.sidecar()] {
        ensure!(
            !needle.is_in(&engine.inspect(container)?)?,
            "{container} was made with the key"
        );
    }
    let seen =
        scene.shell("ls -d /git /doors/git-gate.sock; ls /proc | grep -c '^[0-9]'; env | grep -c SSH_")?;
    ensure!(
        seen.stdout.starts_with("/doors/git-gate.sock\n") && seen.stdout.ends_with("\n0\n"),
        "{seen:?}"
    );
    Ok(())
}

#[test]
fn a_clean_push_arrives_by_https_and_a_dirty_one_is_refused_in_words() -> Result<()> {
    const TEST: &str = "a_clean_push_arrives_by_https_and_a_dirty_one_is_refused_in_words";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let gateway = scene.engine()?.gateway()?;
    let host = GitHost::start(SocketAddr::new(gateway, 0), &[&gateway.to_string()])?;
    let url = format!("https://{}/repo.git", host.address());
    scene
        .stage
        .write("bottles/git-ca.pem", host.authority().certificate_pem())?;
    let authority = format!("  upstream_ca:\n    - {{host: '{gateway}', file: git-ca.pem}}\n    - ");
    scene.stage.change_bottle("one", |text| {
        text.replace("  upstream_ca: [", &authority)
            .replace("}]\n", "}\n")
    })?;
    let repos = format!(
        "git-gate:\n  user: {{name: Ada, email: ada@example.com}}\n  \
         repos: {{app: {{url: '{url}', branches: ['work/*']}}}}\n"
    );
    scene.stage.add_to_bottle("one", &repos)?;
    let _running = scene.start_waiting()?;
    pushes(&scene, &url)?;
    let asked = host.requests().all();
    let is_push = |path: &str| path.ends_with("/git-receive-pack");
    let pushes = asked.iter().filter(|request| is_push(&request.path)).count();
    ensure!(pushes == 1, "{asked:?}");
    Ok(())
}

#[test]
fn an_agent_of_the_hosts_is_out_of_reach_and_that_is_said_before_anything_is_made() -> Result<()> {
    const TEST: &str = "an_agent_of_the_hosts_is_out_of_reach_and_that_is_said_before_anything_is_made";
    let Some(mut scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    scene.stage.set("SSH_AUTH_SOCK", "/run/agent.sock");
    let repos = "git-gate:\n  repos:\n    app:\n      url: ssh://git@git.example/app\n      \
                 host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n      \
                 key: {provider: ssh-agent}\n";
    scene.stage.add_to_bottle("one", repos)?;
    let refused = scene.start("exit 0")?.wait(QUICK)?;
    ensure!(refused.status != 0, "{refused:?}");
    ensure!(
        refused
            .stderr
            .contains("repository app: the git gate of the backend docker does not reach your ssh agent"),
        "{refused:?}"
    );
    scene.assert_gone()
}

#[test]
fn claude_pushes_what_is_held_and_it_passes_once_a_person_says_so() -> Result<()> {
    const TEST: &str = "claude_pushes_what_is_held_and_it_passes_once_a_person_says_so";
    let Some(coder) = Coder::set_or_skip(TEST, Program::ClaudeToken)? else {
        return Ok(());
    };
    let Some(host) = SshHost::start_or_skip(TEST, coder.stage.engine()?.gateway()?)? else {
        return Ok(());
    };
    held_push::passes_once_a_person_says_so(&coder, &host, WITH_BUILD)
}

fn judged(test: &str, program: Program) -> Result<()> {
    let Some(coder) = Coder::set_or_skip(test, program)? else {
        return Ok(());
    };
    let Some(host) = SshHost::start_or_skip(test, coder.stage.engine()?.gateway()?)? else {
        return Ok(());
    };
    coder.script_pushes(&host)?;
    coder.work(WITH_BUILD)?;
    coder.assert_pushes_were_judged(&host)
}

#[test]
fn claude_pushes_and_reads_a_refusal() -> Result<()> {
    judged("claude_pushes_and_reads_a_refusal", Program::ClaudeToken)
}

#[test]
fn codex_pushes_and_reads_a_refusal() -> Result<()> {
    judged("codex_pushes_and_reads_a_refusal", Program::CodexKey)
}
