//! The command on a terminal, where there is nothing to run: questions, lists to pick from, and how they are left.

use std::time::Duration;

use anyhow::{Context, Result};
use bottle_tests::harness::{Stage, Terminal};
use rustix::process::{Pid, Signal, kill_process};

const LIMIT: Duration = Duration::from_secs(20);
const DEMO: &str = "agent_provider: {template: demo}\n";

/// Runs the command and then tells its status and whether the terminal is as it was.
const THEN_TELL: &str =
    "; echo \"status=$?\"; stty -a | tr ' ;' '\\n\\n' | grep -x -E 'isig|icanon|echo' | tr '\\n' '+'";
const AT_REST: &str = "isig+icanon+echo+";

fn stage() -> Result<Stage> {
    let stage = Stage::without_engine()?;
    stage.write_bottle("base", DEMO)?;
    stage.write_bottle("child", "extends: base\n")?;
    for name in ["alpha", "beta", "gamma"] {
        stage.write_agent(name, "bottle: base\n", "You are a test.")?;
    }
    stage.write_agent("free", "description: has no bottle\n", "You are a test.")?;
    Ok(stage)
}

fn start(stage: &Stage, command: &str) -> Result<Terminal> {
    stage.start_script_on_terminal(&format!("{command}{THEN_TELL}"))
}

fn assert_left(terminal: Terminal, status: u8) -> Result<()> {
    terminal.wait_for(LIMIT, &format!("status={status}"))?;
    terminal.wait_for(LIMIT, AT_REST)?;
    terminal.wait(LIMIT).map(drop)
}

#[test]
fn typing_filters_the_agents_and_enter_takes_one() -> Result<()> {
    let stage = stage()?;
    let mut terminal = start(&stage, "\"$BOTTLE\" start --dry-run")?;
    for name in ["alpha", "beta", "gamma"] {
        terminal.wait_for(LIMIT, name)?;
    }
    terminal.type_text("et")?;
    terminal.wait_for(LIMIT, "Esc to leave): et")?;
    terminal.wait_until(LIMIT, "the others are filtered out", |screen| {
        !screen.contains("alpha")
    })?;
    terminal.type_text("\r")?;
    terminal.wait_for(LIMIT, "status=0")?;
    assert!(String::from_utf8_lossy(&terminal.raw()).contains("agent: beta"));
    assert_left(terminal, 0)
}

#[test]
fn a_bottle_is_picked_with_its_lineage_in_view() -> Result<()> {
    let stage = stage()?;
    let mut terminal = start(&stage, "\"$BOTTLE\" start free --dry-run")?;
    terminal.wait_for(LIMIT, "child  extends base")?;
    terminal.type_text("\x1b[B\r")?;
    terminal.wait_for(LIMIT, "status=0")?;
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(raw.contains("in child") || raw.contains("base + child"), "{raw}");
    assert_left(terminal, 0)
}

#[test]
fn escape_and_control_c_leave_a_picker_with_nothing_done() -> Result<()> {
    for key in ["\x1b", "\x03"] {
        let stage = stage()?;
        let mut terminal = start(&stage, "\"$BOTTLE\" start --dry-run")?;
        terminal.wait_for(LIMIT, "alpha")?;
        terminal.type_text(key)?;
        terminal.wait_for(LIMIT, "nothing was done")?;
        assert_left(terminal, 77)?;
        assert!(stage.states()?.is_empty());
    }
    Ok(())
}

#[test]
fn a_picker_that_is_ended_from_outside_gives_the_terminal_back() -> Result<()> {
    let stage = stage()?;
    let terminal = start(
        &stage,
        "sh -c 'echo \"pid=$$.\"; exec \"$BOTTLE\" start --dry-run'",
    )?;
    terminal.wait_for(LIMIT, "alpha")?;
    let contents = terminal.contents();
    let pid = contents
        .split("pid=")
        .nth(1)
        .and_then(|rest| rest.split('.').next());
    let pid = pid.and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
    kill_process(pid.context(contents)?, Signal::TERM)?;
    terminal.wait_for(LIMIT, "nothing was started")?;
    assert_left(terminal, 130)
}

#[test]
fn nothing_is_drawn_into_a_file() -> Result<()> {
    let stage = stage()?;
    let terminal = start(&stage, "\"$BOTTLE\" start --dry-run > plan")?;
    terminal.wait_for(LIMIT, "name an agent")?;
    assert_left(terminal, 64)?;
    assert_eq!(std::fs::read(stage.directory().join("plan"))?, b"");
    Ok(())
}
