//! Nothing of the environment that the command was started with reaches the guest.

use anyhow::{Result, ensure};

use crate::escape::{Cell, Wall};

/// All variables and words of all processes that can be looked at.
const LOOK: &str =
    "{ env; cat /proc/*/environ /proc/*/cmdline /proc/1/task/*/environ; } 2>/dev/null | tr '\\0' '\\n'";

/// A variable of the host's is in no process, and neither is the command's home.
pub fn nothing_of_the_hosts_environment_is_seen(wall: Wall, test: &'static str) -> Result<()> {
    let Some(cell) = Cell::build_or_skip(wall, test)? else {
        return Ok(());
    };
    let outside = cell.shell_outside(LOOK)?;
    ensure!(
        outside.stdout.contains(cell.secret()),
        "the twin does not see it either"
    );
    let inside = cell.shell(LOOK)?;
    ensure!(
        inside.stdout.contains("HTTPS_PROXY"),
        "nothing was looked at: {inside:?}"
    );
    let home = cell.stage.home();
    let home = home.to_string_lossy();
    for private in [cell.secret(), &home, "BOT_BOTTLE_HOME"] {
        let line = inside.stdout.lines().find(|line| line.contains(private));
        ensure!(line.is_none(), "{private} is seen in {line:?}");
    }
    Ok(())
}
