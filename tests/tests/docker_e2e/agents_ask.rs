//! The real programs ask for a host, and hear what a person answered in the real inbox.

use std::time::Duration;

use anyhow::{Context, Result};
use bottle_tests::events::Pace;
use bottle_tests::harness::Running;
use bottle_tests::mock_model::{Settings, ToolCall};
use serde_json::{Value, json};

use crate::QUICK;
use crate::coder::{Coder, Program, WITH_BUILD};

/// The host that the program asks for; nothing answers there, which is not a refusal.
const HOST: &str = "asked.test";
/// Slow enough for the test to look at the bottle before the program has ended.
const SLOW: Duration = Duration::from_secs(7);
/// Longer than the minute that is granted.
const OVER: Duration = Duration::from_secs(75);

/// A program that is asking by now, and whose model takes its time for the answer.
fn asking(test: &str, program: Program, delay: Duration) -> Result<Option<(Coder, Running)>> {
    let Some(coder) = Coder::set_or_skip(test, program)? else {
        return Ok(None);
    };
    let bottle = coder.stage.bottle_home().join("bottles/model.md");
    let text = std::fs::read_to_string(&bottle)?.replace("supervise: false\n", "");
    std::fs::write(bottle, text)?;
    coder.model.set(Settings {
        tool: Some(ToolCall::Named {
            name: "mcp__supervise__request_egress".to_owned(),
            input: json!({"host": HOST, "justification": "to read its documentation"}),
        }),
        text: "one two three four five six seven eight nine ten eleven twelve MOCK-FINAL".to_owned(),
        pace: Pace {
            delay,
            ..Pace::default()
        },
        ..Settings::default()
    });
    let arguments = [coder.arguments(), vec!["--headless", "--prompt", "ask for it"]].concat();
    let running = coder.stage.start(&arguments)?;
    Ok(Some((coder, running)))
}

/// Whether the model was told this as the result of the tool.
fn model_heard(coder: &Coder, words: &str) -> bool {
    let bodies = coder.model.requests().all();
    bodies.iter().any(|request| {
        let body = request.body.json().unwrap_or(&Value::Null);
        body.to_string().contains(words)
    })
}

/// The rule by which egress decided about a request to the host, as the guest reads it.
fn decision(coder: &Coder) -> Result<String> {
    let line =
        format!("curl -sS --max-time 20 -o /dev/null -D - https://{HOST}/ | grep -i x-bottle-decision");
    let asked = coder
        .stage
        .run(&["exec", &coder.label, "--", "sh", "-c", &line], QUICK)?;
    let rule = asked.stdout.trim().split_once("rule=");
    Ok(rule.context(asked.stdout.clone())?.1.to_owned())
}

fn is_let_through_for_a_minute(test: &str, program: Program) -> Result<()> {
    let Some((coder, running)) = asking(test, program, SLOW)? else {
        return Ok(());
    };
    let mut inbox = coder.stage.start_on_terminal(&["supervise"])?;
    inbox.wait_for(WITH_BUILD, &format!("+ {HOST}"))?;
    assert_eq!(decision(&coder)?, "not-listed");
    inbox.type_text("\r")?;
    inbox.wait_for(QUICK, "│ to read its documentation")?;
    inbox.type_text("t1\r")?;
    inbox.wait_for(QUICK, "approved, in force for a time")?;
    // Let through: there are only no addresses.
    assert_eq!(decision(&coder)?, "unresolved");
    let heard = || model_heard(&coder, "approved, id 1: it is in force for 1 min");
    let until = std::time::Instant::now() + OVER;
    while decision(&coder)? != "not-listed" {
        anyhow::ensure!(std::time::Instant::now() < until, "it is let through for ever");
    }
    let finished = running.wait(WITH_BUILD)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    assert!(heard(), "{:?}", coder.model.requests().all());
    Ok(())
}

fn hears_a_rejection(test: &str, program: Program) -> Result<()> {
    let Some((coder, running)) = asking(test, program, Duration::ZERO)? else {
        return Ok(());
    };
    let mut inbox = coder.stage.start_on_terminal(&["supervise"])?;
    inbox.wait_for(WITH_BUILD, &format!("+ {HOST}"))?;
    inbox.type_text("\rruse the mirror\r")?;
    inbox.wait_for(QUICK, "rejected")?;
    let finished = running.wait(WITH_BUILD)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    assert!(
        model_heard(&coder, "they say: use the mirror"),
        "{:?}",
        coder.model.requests().all()
    );
    Ok(())
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
