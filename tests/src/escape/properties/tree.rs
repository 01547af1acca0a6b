//! Of all the names in a guest, those of doors alone can be connected to.

use anyhow::{Result, ensure};

use crate::escape::{Cell, Wall};

/// Tries each socket and pipe that can be found.
const LOOK: &str = "find / -path /proc -prune -o \\( -type s -o -type p \\) -print 2>/dev/null | while read -r path; do \
    ./attempt unix \"$path\" >/dev/null || ./attempt fifo \"$path\" >/dev/null || continue; echo \"open: $path\"; done; \
    echo looked";

/// No socket of the host's answers, wherever it lies.
pub fn only_doors_can_be_connected_to(wall: Wall, test: &'static str) -> Result<()> {
    let Some(cell) = Cell::build_or_skip(wall, test)? else {
        return Ok(());
    };
    let socket = cell.value("{socket}")?;
    let outside = cell.shell_outside(&format!("./attempt unix {socket}"))?;
    ensure!(
        outside.status == 0,
        "the twin does not reach it either: {outside:?}"
    );
    let inside = cell.shell(LOOK)?;
    let doors = match wall {
        Wall::Docker => "open: /doors/egress.sock\nlooked\n",
        // There the relay alone sees the doors.
        Wall::Native | Wall::Ordinary => "looked\n",
        Wall::Machine => "open: /run/bottle/egress.sock\nlooked\n",
    };
    ensure!(inside.stdout == doors, "{inside:?}");
    Ok(())
}
