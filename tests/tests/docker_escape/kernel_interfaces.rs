//! Parts of the kernel that programs rarely need and attackers often.

use anyhow::Result;

use crate::cell::Cell;

#[test]
fn rarely_used_calls_are_refused() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("rarely_used_calls_are_refused")? else {
        return Ok(());
    };
    for call in [
        "io-uring",
        "keyring",
        "keyctl",
        "bpf",
        "faults",
        "perf",
        "kernel-log",
    ] {
        cell.refuses(&[call])?;
    }
    // By the number of a file on another mount, past every path.
    cell.refuses(&["by-handle", "/etc/hostname"])
}
