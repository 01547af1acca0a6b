//! Kinds of sockets that no network namespace holds back, by every way into the kernel.

use anyhow::Result;

use crate::cell::Cell;

/// Address families of the kernel's `socket.h`, with a kind of socket that they have: packet, vsock, xdp.
const COMMON: [[&str; 2]; 3] = [["17", "3"], ["40", "1"], ["44", "3"]];
/// Those that many kernels lack: can, tipc, bluetooth, the kernel's own cryptography.
const RARE: [[&str; 2]; 4] = [["29", "3"], ["30", "5"], ["31", "3"], ["38", "5"]];

#[test]
fn only_ordinary_sockets_can_be_made() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("only_ordinary_sockets_can_be_made")? else {
        return Ok(());
    };
    only_ordinary_families_can_be_made(&cell)?;
    the_32_bit_entry_is_closed(&cell)?;
    raw_sockets_are_refused(&cell)
}

fn only_ordinary_families_can_be_made(cell: &Cell) -> Result<()> {
    for [family, kind] in COMMON {
        cell.refuses(&["family", family, kind])?;
    }
    for [family, kind] in RARE {
        cell.refuses_untwinned(&["family", family, kind])?;
    }
    Ok(())
}

/// Filters that look at `socket` alone let the same through by `socketcall`.
fn the_32_bit_entry_is_closed(cell: &Cell) -> Result<()> {
    cell.refuses(&["family32", "40"])?;
    cell.refuses(&["family32", "2"])
}

fn raw_sockets_are_refused(cell: &Cell) -> Result<()> {
    cell.refuses(&["family", "2", "3"])
        .or_else(|_| cell.refuses_untwinned(&["family", "2", "3"]))
}
