//! Programs that run as their owner do not make root of the agent.

use anyhow::{Result, ensure};
use bottle_tests::escape::Attempted;

use crate::cell::Cell;

const PROGRAM: &str = "/usr/local/bin/as-owner";

#[test]
fn the_agent_stays_without_privileges() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_agent_stays_without_privileges")? else {
        return Ok(());
    };
    a_set_user_id_program_gives_nothing(&cell)?;
    the_agent_has_no_capability(&cell)
}

fn a_set_user_id_program_gives_nothing(cell: &Cell) -> Result<()> {
    for container in [&cell.scene.agent(), &cell.twin] {
        cell.engine()?.put(container, PROGRAM, &cell.program, 0o6755)?;
    }
    let inside = cell.scene.exec(&[PROGRAM, "root"])?;
    ensure!(Attempted::of(&inside)? == Attempted::Refused, "{inside:?}");
    let outside = cell.engine()?.exec(&cell.twin, "1000:1000", &[PROGRAM, "root"])?;
    ensure!(Attempted::of(&outside)? == Attempted::Through, "{outside:?}");
    Ok(())
}

fn the_agent_has_no_capability(cell: &Cell) -> Result<()> {
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
