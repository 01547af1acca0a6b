//! The host itself cannot be reached: not by TCP, not by UDP, not by ICMP.

use std::net::TcpListener;

use anyhow::Result;

use crate::cell::Cell;

#[test]
fn the_host_is_out_of_reach_by_every_protocol() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_host_is_out_of_reach_by_every_protocol")? else {
        return Ok(());
    };
    the_host_is_out_of_reach(&cell)?;
    there_is_no_interface_and_no_route(&cell)
}

fn the_host_is_out_of_reach(cell: &Cell) -> Result<()> {
    let gateway = cell.engine()?.gateway()?.to_string();
    let listener = TcpListener::bind((gateway.as_str(), 0))?;
    let port = listener.local_addr()?.port().to_string();
    cell.refuses(&["tcp", &gateway, &port])?;
    cell.refuses(&["udp", &gateway, &port, "hello"])?;
    cell.refuses(&["icmp", &gateway])?;
    // The allowed upstream is reached by its name and through the door, never by its address.
    let upstream = cell.scene.upstream.address();
    cell.refuses(&["tcp", &upstream.ip().to_string(), &upstream.port().to_string()])
}

fn there_is_no_interface_and_no_route(cell: &Cell) -> Result<()> {
    let interfaces = cell
        .scene
        .shell("tail -n +3 /proc/net/dev | cut -d: -f1 | xargs")?;
    assert_eq!(interfaces.stdout, "lo\n");
    let routes = cell.scene.shell("tail -n +2 /proc/net/route | wc -l")?;
    assert_eq!(routes.stdout, "0\n");
    Ok(())
}
