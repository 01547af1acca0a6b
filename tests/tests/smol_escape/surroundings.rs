//! What is around a machine: nothing but the doors.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use anyhow::{Result, ensure};
use bottle_tests::escape::{Cell, Wall};

/// Interfaces but the loopback and the unused one; then routes of either kind that lead anywhere.
const NETWORK: &str = "tail -n +3 /proc/net/dev | tr -d ' ' | cut -d: -f1 | grep -vx -e lo -e dummy0; \
    tail -n +2 /proc/net/route; grep -v ' lo$' /proc/net/ipv6_route; echo looked";
/// The host's loopback is more than one address.
const LOOPBACK: [Ipv4Addr; 4] = [
    Ipv4Addr::LOCALHOST,
    Ipv4Addr::new(127, 0, 0, 2),
    Ipv4Addr::new(127, 0, 1, 1),
    Ipv4Addr::new(127, 255, 255, 254),
];

#[test]
fn a_machine_has_no_way_to_a_network() -> Result<()> {
    const TEST: &str = "a_machine_has_no_way_to_a_network";
    let Some(cell) = Cell::build_or_skip(Wall::Machine, TEST)? else {
        return Ok(());
    };
    let inside = cell.shell(NETWORK)?;
    ensure!(inside.stdout == "looked\n", "{inside:?}");
    for address in LOOPBACK {
        let listener = TcpListener::bind((address, 0))?;
        let port = listener.local_addr()?.port();
        let attempt = format!("./attempt tcp {} {port}", IpAddr::V4(address));
        let outside = cell.shell_outside(&attempt)?;
        ensure!(outside.status == 0, "the twin does not get there: {outside:?}");
        let inside = cell.shell(&attempt)?;
        ensure!(inside.status == 1, "{address} is the host's: {inside:?}");
    }
    Ok(())
}
