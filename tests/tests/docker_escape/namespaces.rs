//! A namespace of the agent's own would give it capabilities, and with them most of the kernel.

use anyhow::Result;

use crate::cell::Cell;

#[test]
fn no_namespace_can_be_made_or_joined() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("no_namespace_can_be_made_or_joined")? else {
        return Ok(());
    };
    for kind in ["user", "net", "mount", "pid"] {
        cell.refuses(&["namespace", kind])?;
    }
    cell.refuses(&["clone-user"])?;
    cell.refuses(&["join-net", "/proc/1/ns/net"])?;
    cell.refuses_untwinned(&["join-net", "/proc/self/ns/net"])
}
