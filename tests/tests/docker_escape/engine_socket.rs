//! Sockets of the host that would hand over the machine.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use anyhow::Result;
use bottle_tests::harness::Neighbour;

use crate::cell::{AT_ONCE, Cell};

#[test]
fn the_hosts_sockets_are_out_of_reach() -> Result<()> {
    let on_the_host = |_: &_| Neighbour {
        network: "host".to_owned(),
        ..Neighbour::default()
    };
    let Some(cell) = Cell::build_beside_or_skip("the_hosts_sockets_are_out_of_reach", on_the_host)? else {
        return Ok(());
    };
    the_engine_is_not_there(&cell)?;
    abstract_names_are_another_network(&cell)?;
    the_only_sockets_in_sight_are_the_doors(&cell)
}

fn the_engine_is_not_there(cell: &Cell) -> Result<()> {
    for path in [
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/run/containerd/containerd.sock",
        "/run/podman/podman.sock",
    ] {
        cell.refuses_untwinned(&["unix", path])?;
    }
    Ok(())
}

/// Names in the abstract namespace belong to a network namespace and to no file system.
fn abstract_names_are_another_network(cell: &Cell) -> Result<()> {
    let _listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&cell.scene.label)?)?;
    cell.refuses(&["abstract", &cell.scene.label])
}

/// Every socket that can be seen is a door, whatever it was meant for.
fn the_only_sockets_in_sight_are_the_doors(cell: &Cell) -> Result<()> {
    let find = [
        "find", "/", "-path", "/proc", "-prune", "-o", "-type", "s", "-print",
    ];
    let found = cell.scene.exec_within(AT_ONCE * 4, &find)?;
    assert_eq!(found.stdout, "/doors/egress.sock\n", "{found:?}");
    Ok(())
}
