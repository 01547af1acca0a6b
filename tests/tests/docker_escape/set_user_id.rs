//! Programs that run as their owner do not make root of the agent.

use anyhow::{Result, ensure};
use bottle_tests::harness::{Attempted, attempt_program};

use crate::cell::Cell;

const PROGRAM: &str = "/usr/local/bin/as-owner";

#[test]
fn a_set_user_id_program_gives_nothing() -> Result<()> {
    const TEST: &str = "a_set_user_id_program_gives_nothing";
    let Some(cell) = Cell::build_or_skip(TEST)? else {
        return Ok(());
    };
    let program = attempt_program(TEST)?.unwrap_or_default();
    for container in [&cell.scene.agent(), &cell.twin] {
        cell.engine()?.put(container, PROGRAM, &program, 0o6755)?;
    }
    let inside = cell.scene.exec(&[PROGRAM, "root"])?;
    ensure!(Attempted::of(&inside)? == Attempted::Refused, "{inside:?}");
    let outside = cell.engine()?.exec(&cell.twin, "1000:1000", &[PROGRAM, "root"])?;
    ensure!(Attempted::of(&outside)? == Attempted::Through, "{outside:?}");
    Ok(())
}

#[test]
fn the_agent_has_no_capability() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_agent_has_no_capability")? else {
        return Ok(());
    };
    let status = cell
        .scene
        .shell("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | cut -f2 | xargs")?;
    let none = "0000000000000000";
    assert_eq!(
        status.stdout,
        format!("{none} {none} {none} {none} {none} 1 2\n"),
        "{status:?}"
    );
    Ok(())
}
