//! The real programs on a terminal, and the real credential nowhere near them.

use std::time::Duration;

use anyhow::Result;
use bottle_tests::harness::Terminal;

use crate::coder::{Coder, Program, WITH_BUILD};
use crate::secrecy::{assert_not_in_images, assert_nowhere};

const ANSWER: Duration = Duration::from_secs(60);

/// Types a prompt at the program's own, and nothing else: a dialog would take it for its answer.
fn works(coder: &mut Coder, prompt: &str) -> Result<Terminal> {
    let mut terminal = coder.stage.start_on_terminal(&coder.arguments())?;
    terminal.wait_for(WITH_BUILD, prompt)?;
    terminal.type_text("say hi")?;
    terminal.wait_for(ANSWER, "say hi")?;
    terminal.type_text("\r")?;
    terminal.wait_for(ANSWER, "MOCK-FINAL")?;
    assert!(
        coder.tool_ran_in_the_guest(),
        "{:?}",
        coder.model.requests().all()
    );
    coder.assert_credential_arrived()?;
    assert_nowhere(&coder.secret, &mut coder.stage, &coder.label)?;
    assert_not_in_images(&coder.secret, coder.stage.engine()?, &coder.label)?;
    Ok(terminal)
}

/// Each program's own way to end is its last line.
fn ends(mut terminal: Terminal, command: &str) -> Result<()> {
    terminal.type_text(command)?;
    terminal.wait_for(ANSWER, command)?;
    terminal.type_text("\r")?;
    assert_eq!(terminal.wait(ANSWER)?, 0);
    Ok(())
}

#[test]
fn claude_works_on_a_terminal() -> Result<()> {
    let Some(mut coder) = Coder::set_or_skip("claude_works_on_a_terminal", Program::ClaudeToken)? else {
        return Ok(());
    };
    let terminal = works(&mut coder, "bypass permissions")?;
    ends(terminal, "/exit")
}

#[test]
fn codex_works_on_a_terminal() -> Result<()> {
    let Some(mut coder) = Coder::set_or_skip("codex_works_on_a_terminal", Program::CodexKey)? else {
        return Ok(());
    };
    let terminal = works(&mut coder, "OpenAI Codex")?;
    ends(terminal, "/quit")
}
