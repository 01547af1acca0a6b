//! The real programs of the host's, unattended and on a terminal, for root and for an ordinary user.

use std::fs;

use anyhow::{Result, ensure};
use bottle_tests::harness::{Coder, Needle, Processes, Program, Stage, Who, read_all};
use bottle_tests::mock_model::{Answer, Fault, Settings};
use hyper::StatusCode;

use crate::QUICK;

fn unattended(test: &str, program: Program) -> Result<()> {
    for who in Who::all() {
        let Some(coder) = Coder::native_or_skip(test, *who, program)? else {
            return Ok(());
        };
        let arguments = [coder.arguments(), vec!["--headless", "--prompt", "say hi"]].concat();
        let finished = coder.stage.run(&arguments, QUICK)?;
        ensure!(finished.status == 0, "{who:?}: {finished:?}");
        ensure!(finished.stdout.contains("MOCK-FINAL"), "{who:?}: {finished:?}");
        ensure!(
            coder.tool_ran_in_the_guest(),
            "{who:?}: {:?}",
            coder.model.requests().all()
        );
        coder.assert_credential_arrived()?;
        assert_gone(&coder.stage)?;
        ends_with_its_own_status(&coder, *who)?;
    }
    Ok(())
}

fn ends_with_its_own_status(coder: &Coder, who: Who) -> Result<()> {
    let refused = |path: &str| Fault {
        host: None,
        path: path.to_owned(),
        answer: Answer::Status {
            status: StatusCode::BAD_REQUEST,
            headers: Vec::new(),
        },
        times: None,
    };
    coder.model.set(Settings {
        faults: ["/v1/messages", "/v1/responses"].map(refused).into(),
        ..Settings::default()
    });
    let arguments = [coder.arguments(), vec!["--headless", "--prompt", "say hi"]].concat();
    let finished = coder.stage.run(&arguments, QUICK)?;
    ensure!(finished.status == 1, "{who:?}: {finished:?}");
    Ok(())
}

fn assert_gone(stage: &Stage) -> Result<()> {
    let left: Vec<_> = fs::read_dir(stage.bottle_home().join("native"))?.collect();
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

#[test]
fn claude_works_unattended() -> Result<()> {
    unattended("claude_works_unattended", Program::ClaudeToken)
}

#[test]
fn codex_works_unattended() -> Result<()> {
    unattended("codex_works_unattended", Program::CodexKey)
}

/// Types a prompt at the program's own, and nothing else: a dialog would take it for its answer.
fn on_terminal(test: &str, program: Program, prompt: &str, end: &str) -> Result<()> {
    for who in Who::all() {
        let Some(coder) = Coder::native_or_skip(test, *who, program)? else {
            return Ok(());
        };
        let mut terminal = coder.stage.start_on_terminal(&coder.arguments())?;
        terminal.wait_for(QUICK, prompt)?;
        terminal.type_text("say hi")?;
        terminal.wait_for(QUICK, "say hi")?;
        terminal.type_text("\r")?;
        terminal.wait_for(QUICK, "MOCK-FINAL")?;
        ensure!(
            coder.tool_ran_in_the_guest(),
            "{who:?}: {:?}",
            coder.model.requests().all()
        );
        coder.assert_credential_arrived()?;
        assert_nowhere(&coder.secret, &coder.stage, &coder.label)?;
        terminal.type_text(end)?;
        terminal.wait_for(QUICK, end)?;
        terminal.type_text("\r")?;
        ensure!(terminal.wait(QUICK)? == 0, "{who:?}");
    }
    Ok(())
}

#[test]
fn claude_works_on_a_terminal() -> Result<()> {
    on_terminal(
        "claude_works_on_a_terminal",
        Program::ClaudeToken,
        "bypass permissions",
        "/exit",
    )
}

#[test]
fn codex_works_on_a_terminal() -> Result<()> {
    on_terminal(
        "codex_works_on_a_terminal",
        Program::CodexKey,
        "OpenAI Codex",
        "/quit",
    )
}

/// Searches the guest's own files, what is written down about it, and what its processes were started with.
fn assert_nowhere(secret: &str, stage: &Stage, label: &str) -> Result<()> {
    let needle = Needle::new(secret)?;
    let folder = stage.bottle_home().join("native").join(label);
    let found = needle.is_in_pieces(|take| read_all(&folder, take))?;
    ensure!(!found, "{} holds it", folder.display());
    let processes = Processes::of(stage, label)?;
    let outside = [processes.keeper, processes.sidecar, processes.door];
    for process in processes.all.iter().filter(|process| !outside.contains(process)) {
        for name in ["environ", "cmdline"] {
            // One that has ended meanwhile holds nothing.
            let text = fs::read(format!("/proc/{process}/{name}")).unwrap_or_default();
            let found = needle.is_in(&String::from_utf8_lossy(&text))?;
            ensure!(!found, "{name} of {process} holds it");
        }
    }
    Ok(())
}
