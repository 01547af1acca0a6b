//! The real programs ask for a host without an engine as well, and a person answers in the real inbox.

use anyhow::Result;
use bottle_tests::asking;
use bottle_tests::harness::{Coder, Program, Scene, Who};

use crate::QUICK;

/// Whoever has the least: what holds for an ordinary user is also so for root, whose bottles the other tests look at.
fn who() -> Who {
    Who::all().last().copied().unwrap_or(Who::Caller)
}

#[test]
fn claude_is_let_through_for_a_minute() -> Result<()> {
    match Coder::native_or_skip("claude_is_let_through_for_a_minute", who(), Program::ClaudeToken)? {
        Some(coder) => asking::is_let_through_for_a_minute(&coder, QUICK),
        None => Ok(()),
    }
}

#[test]
fn codex_is_let_through_for_a_minute() -> Result<()> {
    match Coder::native_or_skip(
        "codex_is_let_through_for_a_minute",
        Who::Caller,
        Program::CodexKey,
    )? {
        Some(coder) => asking::is_let_through_for_a_minute(&coder, QUICK),
        None => Ok(()),
    }
}

fn hears_a_rejection(test: &str, program: Program) -> Result<()> {
    for who in Who::all() {
        let Some(coder) = Coder::native_or_skip(test, *who, program)? else {
            return Ok(());
        };
        asking::hears_a_rejection(&coder, QUICK)?;
    }
    Ok(())
}

#[test]
fn claude_hears_a_rejection() -> Result<()> {
    hears_a_rejection("claude_hears_a_rejection", Program::ClaudeToken)
}

#[test]
fn codex_hears_a_rejection() -> Result<()> {
    hears_a_rejection("codex_hears_a_rejection", Program::CodexKey)
}

/// A scene whose bottle may ask.
fn supervised(test: &str, who: Who) -> Result<Option<Scene>> {
    let Some(scene) = Scene::native_or_skip(test, who, "")? else {
        return Ok(None);
    };
    scene
        .stage
        .change_bottle("one", |text| text.replace("supervise: false\n", ""))?;
    Ok(Some(scene))
}

#[test]
fn what_a_person_wrote_in_their_editor_is_in_force() -> Result<()> {
    let Some(mut scene) = supervised("what_a_person_wrote_in_their_editor_is_in_force", Who::Caller)? else {
        return Ok(());
    };
    asking::gets_what_a_person_wrote_in_their_editor(&mut scene)
}

#[test]
fn a_question_is_told_to_a_command_of_the_users() -> Result<()> {
    let Some(scene) = supervised("a_question_is_told_to_a_command_of_the_users", Who::Caller)? else {
        return Ok(());
    };
    asking::is_told_to_a_command_of_the_users(&scene)
}

#[test]
fn a_command_that_is_killed_while_it_answers_decides_once() -> Result<()> {
    let test = "a_command_that_is_killed_while_it_answers_decides_once";
    let Some(scene) = supervised(test, who())? else {
        return Ok(());
    };
    let running = scene.start_waiting()?;
    asking::a_command_that_is_killed_while_it_answers_decides_once(&scene)?;
    scene.stage.run(&["stop", &scene.label, "--discard"], QUICK)?;
    drop(running);
    Ok(())
}
