//! A command runs in the guest's folder, even when the agent has put a link to an open file in its place.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::escape::{Cell, Wall};

const LIMIT: Duration = Duration::from_secs(60);
/// The folder gives way to a link to each number that a careless runtime might have open, one after the other.
const SWAP: &str = "cd ~ && mv workspace kept || exit 1; (for fd in $(seq 3 15); do \
    ln -sfn /proc/self/fd/$fd workspace; sleep 0.3; done; \
    rm workspace; mv kept workspace) >/dev/null 2>&1 </dev/null & disown; true";

/// Whatever is open in whatever starts the command, the agent does not get there.
pub fn exec_cwd_symlink_to_fd_refused(wall: Wall, test: &'static str) -> Result<()> {
    let Some(cell) = Cell::build_or_skip(wall, test)? else {
        return Ok(());
    };
    let marker = cell.value("{file}")?;
    // A runtime that holds a folder of the host's open and changes to where the agent says.
    let outside = cell.shell_outside(&format!(
        "ln -sfn /proc/self/fd/9 link && cd link && test -e .{marker}"
    ))?;
    ensure!(
        outside.status == 0,
        "the twin does not get there either: {outside:?}"
    );
    let swapping = cell.shell(SWAP)?;
    if wall == Wall::Docker && swapping.stderr.contains("busy") {
        eprintln!("the folder is a volume, which gives way to nothing");
        return Ok(());
    }
    ensure!(swapping.status == 0, "the folder stays: {swapping:?}");
    let look = format!("test -e .{marker} && echo out; test -x attempt && echo back");
    let (begun, mut refused) = (Instant::now(), 0);
    loop {
        let inside = cell.shell(&look)?;
        ensure!(!inside.stdout.contains("out"), "it got there: {inside:?}");
        if inside.stdout.contains("back") {
            break;
        }
        refused += 1;
        ensure!(begun.elapsed() < LIMIT, "the folder never comes back: {inside:?}");
    }
    ensure!(refused > 0, "no command was tried while the folder was a link");
    Ok(())
}
