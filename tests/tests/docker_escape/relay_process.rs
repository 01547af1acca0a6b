//! The relay runs beside the agent and is not the agent's to touch.

use anyhow::Result;

use crate::cell::Cell;

#[test]
fn the_relay_is_not_the_agents_to_touch() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_relay_is_not_the_agents_to_touch")? else {
        return Ok(());
    };
    the_relays_process_is_closed(&cell)?;
    the_doors_folder_cannot_be_written(&cell)?;
    the_doors_port_is_taken(&cell)
}

fn the_relays_process_is_closed(cell: &Cell) -> Result<()> {
    for file in [
        "/proc/1/environ",
        "/proc/1/maps",
        "/proc/1/stack",
        "/proc/1/syscall",
    ] {
        cell.refuses(&["read", file])?;
    }
    for folder in ["/proc/1/fd", "/proc/1/root", "/proc/1/cwd"] {
        cell.refuses(&["list", folder])?;
    }
    cell.refuses(&["memory", "1", "0x1000"])?;
    cell.refuses(&["trace", "1"])?;
    cell.refuses(&["signal", "1"])
}

fn the_doors_folder_cannot_be_written(cell: &Cell) -> Result<()> {
    cell.refuses_untwinned(&["create", "/doors/another.sock"])?;
    cell.refuses_untwinned(&["write", "/doors/relay"])?;
    let removed = cell
        .scene
        .shell("rm -f /doors/egress.sock; mv /doors/relay /tmp; ln -s /tmp /doors/x; chmod 777 /doors")?;
    assert_ne!(removed.status, 0, "{removed:?}");
    assert_eq!(
        cell.scene.shell("ls /doors | xargs")?.stdout,
        "egress.sock relay\n"
    );
    Ok(())
}

/// Nobody else can take the place of a door.
fn the_doors_port_is_taken(cell: &Cell) -> Result<()> {
    let users = cell
        .scene
        .shell("awk '$2 ~ /:238B$/ && $4 == \"0A\" {print $8}' /proc/net/tcp")?;
    assert_eq!(
        users.stdout, "64001\n",
        "the relay's own user listens there: {users:?}"
    );
    Ok(())
}
