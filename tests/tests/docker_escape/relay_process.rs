//! The relay runs beside the agent and is not the agent's to touch.

use anyhow::Result;

use crate::cell::Cell;

#[test]
fn the_relays_process_is_closed() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_relays_process_is_closed")? else {
        return Ok(());
    };
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

#[test]
fn the_doors_folder_cannot_be_written() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_doors_folder_cannot_be_written")? else {
        return Ok(());
    };
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
#[test]
fn the_doors_port_is_taken() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_doors_port_is_taken")? else {
        return Ok(());
    };
    let users = cell
        .scene
        .shell("awk '$2 ~ /:238B$/ && $4 == \"0A\" {print $8}' /proc/net/tcp")?;
    assert_eq!(
        users.stdout, "64001\n",
        "the relay's own user listens there: {users:?}"
    );
    Ok(())
}
