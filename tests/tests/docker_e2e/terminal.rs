//! A person at a terminal, before, during and beside the agent.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use bottle_tests::harness::{Scene, Terminal};
use rustix::process::{Pid, Signal, kill_process};

use crate::QUICK;
use crate::lifecycle::state_of;

const FIRST: Duration = Duration::from_secs(500);
/// Tells the status, and whether the terminal is as it was.
const THEN_TELL: &str =
    "; echo \"status=$?\"; stty -a | tr ' ;' '\\n\\n' | grep -x -E 'isig|icanon|echo' | tr '\\n' '+'";
const AT_REST: &str = "isig+icanon+echo+";

/// The command and what it was ended with, on a terminal that outlives it.
pub(crate) fn start_in_shell(scene: &Scene, flags: &str) -> Result<Terminal> {
    let command = format!("start tester --label {} {flags}", scene.label);
    scene.stage.start_script_on_terminal(&format!(
        "sh -c 'echo \"pid=$$.\"; exec \"$BOTTLE\" {command}'{THEN_TELL}"
    ))
}

pub(crate) fn assert_left(terminal: &Terminal, status: u8) -> Result<()> {
    terminal.wait_for(QUICK, &format!("status={status}"))?;
    terminal.wait_for(QUICK, AT_REST)
}

fn signal(terminal: &Terminal, signal: Signal) -> Result<()> {
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let pid = raw.split("pid=").nth(1).and_then(|rest| rest.split('.').next());
    let pid = pid.and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
    Ok(kill_process(pid.context(raw)?, signal)?)
}

#[test]
fn a_no_starts_nothing() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("a_no_starts_nothing")? else {
        return Ok(());
    };
    // Only a yes is one; the last is the end of the input.
    for answer in ["n\r", "\r", "yess\r", "\x04"] {
        let mut terminal = start_in_shell(&scene, "")?;
        terminal.wait_for(QUICK, "[y/N]")?;
        terminal.type_text(answer)?;
        terminal.wait_for(QUICK, "you said no; nothing was done")?;
        assert_left(&terminal, 77)?;
    }
    let mut terminal = start_in_shell(&scene, "")?;
    terminal.wait_for(QUICK, "[y/N]")?;
    terminal.type_text("\x03")?;
    terminal.wait_for(QUICK, "nothing was started")?;
    assert_left(&terminal, 130)?;
    assert_eq!(scene.stage.states()?, [""; 0]);
    scene.assert_gone()
}

#[test]
fn a_yes_leads_to_an_agent_that_hears_control_c_and_the_size() -> Result<()> {
    const TEST: &str = "a_yes_leads_to_an_agent_that_hears_control_c_and_the_size";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let mut terminal = start_in_shell(&scene, "--color green")?;
    terminal.wait_for(QUICK, "[y/N]")?;
    terminal.type_text("y\r")?;
    terminal.wait_for(FIRST, "demo>")?;
    terminal.resize(50, 100)?;
    terminal.type_text("run: until [ \"$(stty size)\" = '50 100' ]; do :; done; echo resized-$((1+1))\r")?;
    terminal.wait_for(QUICK, "resized-2")?;
    terminal.type_text("run: echo asleep-$((1+1)); exec sleep 3600\r")?;
    terminal.wait_for(QUICK, "asleep-2")?;
    terminal.type_text("\x03")?;
    terminal.wait_for(QUICK, "[status 130]")?;
    assert_eq!(state_of(&scene)?, "running");
    a_second_shell_has_a_terminal_of_its_own(&scene)?;
    terminal.type_text("exit 3\r")?;
    assert_left(&terminal, 3)
}

fn a_second_shell_has_a_terminal_of_its_own(scene: &Scene) -> Result<()> {
    let command = format!("\"$BOTTLE\" exec {}{THEN_TELL}", scene.label);
    let mut shell = scene.stage.start_script_on_terminal(&command)?;
    shell.wait_for(QUICK, "$ ")?;
    shell.type_text("echo \"$(id -un) in $PWD at $(stty size)\"\r")?;
    shell.wait_for(QUICK, "node in /home/node/workspace at 40 120")?;
    // What the shell echoes comes before the program: a Control-C in between is the shell's, and the program goes on.
    shell.type_text("sh -c 'echo asleep-$((1+1)); exec sleep 3600'\r")?;
    shell.wait_for(QUICK, "asleep-2")?;
    shell.type_text("\x03")?;
    shell.wait_for(QUICK, "^C")?;
    shell.type_text("exit 4\r")?;
    assert_left(&shell, 4)
}

#[test]
fn control_c_before_the_agent_is_there_removes_everything_and_says_so() -> Result<()> {
    const TEST: &str = "control_c_before_the_agent_is_there_removes_everything_and_says_so";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let mut terminal = start_in_shell(&scene, "--yes")?;
    terminal.wait_for(FIRST, "starting the")?;
    terminal.type_text("\x03")?;
    terminal.wait_for(QUICK, &format!("{} was removed", scene.label))?;
    assert_left(&terminal, 130)?;
    scene.assert_gone()
}

#[test]
fn a_signal_beside_an_attached_agent_gives_the_terminal_back() -> Result<()> {
    const TEST: &str = "a_signal_beside_an_attached_agent_gives_the_terminal_back";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let mut terminal = start_in_shell(&scene, "--yes")?;
    terminal.wait_for(FIRST, "demo>")?;
    // Modes that a program of the guest's leaves on are switched off again.
    terminal.type_text("run: printf '\\033[?1003h\\033[?25l'; echo set-$((1+1))\r")?;
    terminal.wait_for(QUICK, "set-2")?;
    signal(&terminal, Signal::TERM)?;
    assert_left(&terminal, 130)?;
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    for mode in ["\x1b[?1003l", "\x1b[?25h"] {
        assert!(raw.contains(mode), "{mode:?} is missing");
    }
    assert_eq!(state_of(&scene)?, "preserved");
    Ok(())
}

/// What a closed terminal window does: the signal, and nobody who reads what is said.
#[test]
fn a_reader_that_is_gone_does_not_keep_a_start_from_removing() -> Result<()> {
    const TEST: &str = "a_reader_that_is_gone_does_not_keep_a_start_from_removing";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let arguments = [
        "start",
        "tester",
        "--yes",
        "--label",
        &scene.label,
        "--headless",
        "--prompt",
    ];
    let mut command = scene
        .stage
        .command(&[&arguments[..], &["run: sleep 3600"]].concat())?;
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let said = child.stderr.take().context("no pipe")?;
    // The pipe is closed with its reader, at the line that says so.
    let last = BufReader::new(said)
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("starting the"));
    assert!(last.is_some());
    let pid = i32::try_from(child.id())?;
    kill_process(Pid::from_raw(pid).context("no process")?, Signal::HUP)?;
    assert_eq!(child.wait()?.code(), Some(130));
    scene.assert_gone()
}
