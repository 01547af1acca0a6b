//! The real programs ask for a host, and hear what a person answered in the real inbox.

use anyhow::Result;
use bottle_tests::asking;

use crate::coder::{Coder, Program, WITH_BUILD};

fn is_let_through_for_a_minute(test: &str, program: Program) -> Result<()> {
    match Coder::set_or_skip(test, program)? {
        Some(coder) => asking::is_let_through_for_a_minute(&coder, WITH_BUILD),
        None => Ok(()),
    }
}

fn hears_a_rejection(test: &str, program: Program) -> Result<()> {
    match Coder::set_or_skip(test, program)? {
        Some(coder) => asking::hears_a_rejection(&coder, WITH_BUILD),
        None => Ok(()),
    }
}

#[test]
fn claude_is_let_through_for_a_minute() -> Result<()> {
    is_let_through_for_a_minute("claude_is_let_through_for_a_minute", Program::ClaudeToken)
}

#[test]
fn codex_is_let_through_for_a_minute() -> Result<()> {
    is_let_through_for_a_minute("codex_is_let_through_for_a_minute", Program::CodexKey)
}

#[test]
fn claude_hears_a_rejection() -> Result<()> {
    hears_a_rejection("claude_hears_a_rejection", Program::ClaudeToken)
}

#[test]
fn codex_hears_a_rejection() -> Result<()> {
    hears_a_rejection("codex_hears_a_rejection", Program::CodexKey)
}
