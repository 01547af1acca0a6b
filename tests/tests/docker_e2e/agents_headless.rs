//! The real programs, unattended.

use anyhow::Result;
use bottle_tests::mock_model::{Answer, Fault, Settings};
use hyper::StatusCode;

use crate::QUICK;
use crate::coder::{Coder, Program, WITH_BUILD};

fn works(test: &str, program: Program) -> Result<()> {
    let Some(coder) = Coder::set_or_skip(test, program)? else {
        return Ok(());
    };
    let arguments = [coder.arguments(), vec!["--headless", "--prompt", "say hi"]].concat();
    let finished = coder.stage.run(&arguments, WITH_BUILD)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    assert!(finished.stdout.contains("MOCK-FINAL"), "{finished:?}");
    assert!(
        coder.tool_ran_in_the_guest(),
        "{:?}",
        coder.model.requests().all()
    );
    coder.assert_credential_arrived()?;
    coder.stage.engine()?.wait_until_gone(&coder.label, QUICK)
}

#[test]
fn claude_works_with_a_login_token() -> Result<()> {
    works("claude_works_with_a_login_token", Program::ClaudeToken)
}

#[test]
fn claude_works_with_an_api_key() -> Result<()> {
    works("claude_works_with_an_api_key", Program::ClaudeKey)
}

#[test]
fn codex_works_with_an_api_key() -> Result<()> {
    works("codex_works_with_an_api_key", Program::CodexKey)
}

#[test]
fn codex_works_with_the_hosts_login() -> Result<()> {
    works("codex_works_with_the_hosts_login", Program::CodexLogin)
}

fn fails_with_its_own_status(test: &str, program: Program, path: &str) -> Result<()> {
    let Some(coder) = Coder::set_or_skip(test, program)? else {
        return Ok(());
    };
    let refused = Answer::Status {
        status: StatusCode::BAD_REQUEST,
        headers: Vec::new(),
    };
    let fault = Fault {
        host: None,
        path: path.to_owned(),
        answer: refused,
        times: None,
    };
    coder.model.set(Settings {
        faults: vec![fault],
        ..Settings::default()
    });
    let arguments = [coder.arguments(), vec!["--headless", "--prompt", "say hi"]].concat();
    let finished = coder.stage.run(&arguments, WITH_BUILD)?;
    assert_eq!(finished.status, 1, "{finished:?}");
    Ok(())
}

#[test]
fn claude_ends_with_its_own_status() -> Result<()> {
    fails_with_its_own_status(
        "claude_ends_with_its_own_status",
        Program::ClaudeToken,
        "/v1/messages",
    )
}

#[test]
fn codex_ends_with_its_own_status() -> Result<()> {
    fails_with_its_own_status(
        "codex_ends_with_its_own_status",
        Program::CodexKey,
        "/v1/responses",
    )
}
