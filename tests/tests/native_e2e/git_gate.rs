//! The real programs push through the git gate of a bottle without an engine, for root and for an ordinary user.

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::{Coder, HERE, Processes, Program, Scene, Who};
use bottle_tests::held_push;
use bottle_tests::ssh_host::SshHost;

use crate::QUICK;

fn judged(test: &str, program: Program) -> Result<()> {
    for who in Who::all() {
        let Some(coder) = Coder::native_or_skip(test, *who, program)? else {
            return Ok(());
        };
        let Some(host) = SshHost::start_or_skip(test, HERE)? else {
            return Ok(());
        };
        coder.script_pushes(&host)?;
        coder.work(QUICK).with_context(|| format!("{who:?}"))?;
        coder.assert_pushes_were_judged(&host)?;
    }
    Ok(())
}

#[test]
fn claude_pushes_and_reads_a_refusal() -> Result<()> {
    judged("claude_pushes_and_reads_a_refusal", Program::ClaudeToken)
}

#[test]
fn codex_pushes_and_reads_a_refusal() -> Result<()> {
    judged("codex_pushes_and_reads_a_refusal", Program::CodexKey)
}

#[test]
fn claude_pushes_what_is_held_and_it_passes_once_a_person_says_so() -> Result<()> {
    const TEST: &str = "claude_pushes_what_is_held_and_it_passes_once_a_person_says_so";
    for who in Who::all() {
        let Some(coder) = Coder::native_or_skip(TEST, *who, Program::ClaudeToken)? else {
            return Ok(());
        };
        let Some(host) = SshHost::start_or_skip(TEST, HERE)? else {
            return Ok(());
        };
        held_push::passes_once_a_person_says_so(&coder, &host, QUICK).with_context(|| format!("{who:?}"))?;
    }
    Ok(())
}

#[test]
fn nothing_of_the_gate_is_seen_by_the_guest_or_left_behind() -> Result<()> {
    const TEST: &str = "nothing_of_the_gate_is_seen_by_the_guest_or_left_behind";
    for who in Who::all() {
        let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
            return Ok(());
        };
        let Some(host) = SshHost::start_or_skip(TEST, HERE)? else {
            return Ok(());
        };
        host.add_to(&scene.stage, "one")?;
        let running = scene.start_waiting()?;
        let seen = scene.shell(&format!(
            "git ls-remote {} | wc -l; ls -A /mnt /srv /media /opt 2>/dev/null | grep -c mirror; \
             grep -c bottle-git-gate /etc/passwd; env | grep -c SSH_",
            host.url()
        ))?;
        ensure!(seen.stdout == "2\n0\n0\n0\n", "{who:?}: {seen:?}");
        let processes = Processes::of(&scene.stage, &scene.label)?;
        let stopped = scene.stage.run(&["stop", "--discard", &scene.label], QUICK)?;
        ensure!(stopped.status == 0, "{who:?}: {stopped:?}");
        drop(running);
        ensure!(processes.alive().is_empty(), "{who:?}: {:?}", processes.alive());
        let folder = scene.stage.bottle_home().join("native").join(&scene.label);
        ensure!(!folder.exists(), "{who:?}: {} is left", folder.display());
    }
    Ok(())
}

/// Root's gate is another user's process, which an agent does not answer: a start says so.
#[test]
fn an_ordinary_users_ssh_agent_signs_for_the_gate_and_is_out_of_the_guests_sight() -> Result<()> {
    const TEST: &str = "an_ordinary_users_ssh_agent_signs_for_the_gate_and_is_out_of_the_guests_sight";
    let who = Who::all().last().context("somebody")?;
    let Some(mut scene) = Scene::native_or_skip(TEST, *who, "")? else {
        return Ok(());
    };
    let Some(host) = SshHost::start_or_skip(TEST, HERE)? else {
        return Ok(());
    };
    let _agent = host.add_with_agent(&mut scene.stage, "one")?;
    let running = scene.start_waiting()?;
    let done = scene.shell(&format!(
        "cd /tmp && git clone -q {} app && cd app && git switch -q -c work/agent && echo x > x && git add x && \
         git commit -q -m x && git push -q origin work/agent; echo $?; env | grep -c SSH_; ls {} 2>/dev/null | wc -l",
        host.url(),
        scene.stage.home().join("agent").display(),
    ))?;
    ensure!(done.stdout == "0\n0\n0\n", "{done:?}");
    let branches = host.branches()?;
    ensure!(
        branches.iter().any(|branch| branch == "work/agent"),
        "{branches:?}"
    );
    drop(running);
    Ok(())
}
