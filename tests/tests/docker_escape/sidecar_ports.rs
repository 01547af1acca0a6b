//! The sidecar takes connections on no port: its doors are sockets in a volume.

use std::net::TcpListener;

use anyhow::Result;
use bottle_tests::escape::Attempted;

use crate::cell::Cell;

#[test]
fn nothing_listens_but_the_doors() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("nothing_listens_but_the_doors")? else {
        return Ok(());
    };
    the_sidecar_listens_on_no_port(&cell)?;
    the_guest_listens_on_the_doors_ports_alone(&cell)
}

fn the_sidecar_listens_on_no_port(cell: &Cell) -> Result<()> {
    let sidecar = cell.engine()?.address(&cell.scene.sidecar())?.to_string();
    assert_eq!(cell.outside(&["scan", &sidecar])?, Attempted::Refused);
    // The same look does find a port that is open.
    let gateway = cell.engine()?.gateway()?.to_string();
    let _listener = TcpListener::bind((gateway.as_str(), 0))?;
    assert_eq!(cell.outside(&["scan", &gateway])?, Attempted::Through);
    cell.refuses_untwinned(&["tcp", &sidecar, "9099"])?;
    cell.refuses_untwinned(&["udp", &sidecar, "9099", "hello"])
}

fn the_guest_listens_on_the_doors_ports_alone(cell: &Cell) -> Result<()> {
    let listening = "awk '$4 == \"0A\" {print $2}' /proc/net/tcp /proc/net/tcp6 | sort";
    let listening = cell.scene.shell(listening)?;
    // 127.0.0.1 in the kernel's order of bytes, with the resolver's port 53 and the egress door's 9099.
    assert_eq!(
        listening.stdout, "0100007F:0035\n0100007F:238B\n",
        "{listening:?}"
    );
    Ok(())
}
