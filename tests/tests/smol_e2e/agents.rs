//! A real program in a machine: it answers, pushes and asks.

use anyhow::{Result, ensure};
use bottle_tests::asking;
use bottle_tests::harness::{Coder, HERE, Program};
use bottle_tests::ssh_host::SshHost;

use crate::LIMIT;

fn works_unattended(test: &str, program: Program) -> Result<()> {
    let Some(coder) = Coder::machine_or_skip(test, program)? else {
        return Ok(());
    };
    coder.work(LIMIT)?;
    ensure!(coder.tool_ran_in_the_guest(), "{}", coder.end_of_what_was_heard());
    coder.assert_credential_arrived()
}

#[test]
fn codex_works_unattended() -> Result<()> {
    works_unattended("codex_works_unattended", Program::CodexKey)
}

#[test]
fn claude_works_unattended() -> Result<()> {
    works_unattended("claude_works_unattended", Program::ClaudeToken)
}

#[test]
fn codex_pushes_and_reads_a_refusal() -> Result<()> {
    const TEST: &str = "codex_pushes_and_reads_a_refusal";
    let Some(coder) = Coder::machine_or_skip(TEST, Program::CodexKey)? else {
        return Ok(());
    };
    let Some(host) = SshHost::start_or_skip(TEST, HERE)? else {
        return Ok(());
    };
    coder.script_pushes(&host)?;
    coder.work(LIMIT)?;
    coder.assert_pushes_were_judged(&host)
}

#[test]
fn codex_hears_a_rejection() -> Result<()> {
    match Coder::machine_or_skip("codex_hears_a_rejection", Program::CodexKey)? {
        Some(coder) => asking::hears_a_rejection(&coder, LIMIT),
        None => Ok(()),
    }
}
