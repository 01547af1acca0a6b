//! IPv6 is no way round what is closed for IPv4.

use std::net::TcpListener;

use anyhow::Result;
use bottle_tests::harness::{Neighbour, Reason, skip};

use crate::cell::Cell;

const TEST: &str = "ipv6_leads_nowhere";

#[test]
fn ipv6_leads_nowhere() -> Result<()> {
    // The engine's bridge has no IPv6, so that the twin shares the host's network.
    let on_the_host = |_: &_| Neighbour {
        network: "host".to_owned(),
        ..Neighbour::default()
    };
    let Some(cell) = Cell::build_beside_or_skip(TEST, on_the_host)? else {
        return Ok(());
    };
    for address in ["2001:4860:4860::8888", "fe80::1", "ff02::1", "::ffff:8.8.8.8"] {
        cell.refuses_untwinned(&["tcp", address, "443"])?;
        cell.refuses_untwinned(&["udp", address, "443", "hello"])?;
    }
    match TcpListener::bind(("::1", 0)) {
        Ok(listener) => cell.refuses(&["tcp", "::1", &listener.local_addr()?.port().to_string()]),
        Err(_) => skip(
            TEST,
            Reason::Impossible("IPv6 on this host, to show that it is not just missing"),
        ),
    }
}
