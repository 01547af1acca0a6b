//! Values that enter the guest because their owner wants it: asked for, or copied from the host, and nowhere else.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use bottle_tests::harness::{Needle, Object, Scene};

use crate::QUICK;
use crate::terminal::{assert_left, start_in_shell};

const FIRST: Duration = Duration::from_secs(500);
const ENTRIES: &str = "env: {CODE: '?The code of the day', COPIED: '${FROM_HOST}'}\n";
const ANSWER: &str = "answer-0123456789abcdef";
const COPY: &str = "copy-fedcba9876543210";

fn set_or_skip(test: &str) -> Result<Option<Scene>> {
    let Some(mut scene) = Scene::set_with_or_skip(test, ENTRIES)? else {
        return Ok(None);
    };
    scene.stage.set("FROM_HOST", COPY);
    Ok(Some(scene))
}

#[test]
fn an_answer_reaches_the_agent_and_nothing_that_is_written_down() -> Result<()> {
    const TEST: &str = "an_answer_reaches_the_agent_and_nothing_that_is_written_down";
    let Some(scene) = set_or_skip(TEST)? else {
        return Ok(());
    };
    let mut terminal = start_in_shell(&scene, "--keep")?;
    terminal.wait_for(QUICK, "[y/N]")?;
    assert!(
        !terminal.contents().contains("The code of the day"),
        "asked before the yes"
    );
    terminal.type_text("y\r")?;
    terminal.wait_for(QUICK, "The code of the day: ")?;
    terminal.type_text(&format!("{ANSWER}\r"))?;
    terminal.wait_for(FIRST, "demo>")?;
    terminal.type_text("run: echo \"$CODE:$COPIED\" | md5sum\r")?;
    // Of both values with a colon between them and a line break behind.
    terminal.wait_for(QUICK, &digest(&format!("{ANSWER}:{COPY}\n"))?)?;
    for secret in [ANSWER, COPY] {
        assert_written_nowhere(&scene, secret, &terminal.raw())?;
    }
    // Another command in the bottle gets neither.
    let beside = scene.shell("echo \"[$CODE$COPIED]\"")?;
    assert_eq!(beside.stdout, "[]\n", "{beside:?}");
    terminal.type_text("exit 0\r")?;
    assert_left(&terminal, 0)?;
    for secret in [ANSWER, COPY] {
        assert_not_in_state(&scene, secret)?;
    }
    Ok(())
}

fn assert_written_nowhere(scene: &Scene, secret: &str, screen: &[u8]) -> Result<()> {
    let needle = Needle::new(secret)?;
    assert!(
        !needle.is_in(&String::from_utf8_lossy(screen))?,
        "the screen shows it"
    );
    let engine = scene.engine()?;
    for object in engine.objects(&scene.label)? {
        let Object::Container { name, .. } = object else {
            continue;
        };
        for text in [
            engine.inspect(&name)?,
            engine.inspect_execs(&name)?,
            engine.logs(&name)?,
        ] {
            assert!(!needle.is_in(&text)?, "the engine tells it of {name}: {text}");
        }
    }
    assert_not_in_state(scene, secret)
}

fn assert_not_in_state(scene: &Scene, secret: &str) -> Result<()> {
    let state = scene.stage.bottle_home().join("state").join(&scene.label);
    let needle = Needle::new(secret)?;
    let mut files = 0;
    for entry in fs::read_dir(&state).with_context(|| state.display().to_string())? {
        let path = entry?.path();
        files += 1;
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        assert!(!needle.is_in(&text)?, "{} holds it", path.display());
    }
    assert!(files > 2, "{files}");
    Ok(())
}

fn digest(text: &str) -> Result<String> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new("md5sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("no input")?
        .write_all(text.as_bytes())?;
    Ok(String::from_utf8(child.wait_with_output()?.stdout)?
        .chars()
        .take(32)
        .collect())
}

#[test]
fn a_question_that_is_left_starts_nothing_and_gives_the_echo_back() -> Result<()> {
    const TEST: &str = "a_question_that_is_left_starts_nothing_and_gives_the_echo_back";
    let Some(scene) = set_or_skip(TEST)? else {
        return Ok(());
    };
    for (key, status) in [("\x03", 130), ("\x04", 65)] {
        let mut terminal = start_in_shell(&scene, "--yes")?;
        terminal.wait_for(QUICK, "The code of the day: ")?;
        terminal.type_text(key)?;
        assert_left(&terminal, status)?;
        assert_eq!(scene.stage.states()?, [""; 0]);
    }
    scene.assert_gone()
}

#[test]
fn a_question_without_a_terminal_is_an_error() -> Result<()> {
    let Some(scene) = set_or_skip("a_question_without_a_terminal_is_an_error")? else {
        return Ok(());
    };
    let finished = scene.start("exit 0")?.wait(QUICK)?;
    assert_eq!(finished.status, 65, "{finished:?}");
    assert!(finished.stderr.contains("cannot ask for CODE"), "{finished:?}");
    scene.assert_gone()
}
