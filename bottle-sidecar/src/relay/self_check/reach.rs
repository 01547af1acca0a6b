//! An address outside is unreachable, and at once.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use bottle_wire::check::{Check, Finding};
use rustix::io::Errno;

use super::finding;

/// How long a connection may try before it counts as not failing at once.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Addresses set aside for documentation (RFC 5737, RFC 3849): nobody answers there, but a route would be tried.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OUTSIDE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

pub(super) fn nothing_outside() -> Finding {
    let attempts = [
        ("tcp", tcp(SocketAddr::from((OUTSIDE, 443)))),
        ("tcp6", tcp(SocketAddr::from((OUTSIDE6, 443)))),
        ("udp", udp(SocketAddr::from((OUTSIDE, 53)))),
        ("udp6", udp(SocketAddr::from((OUTSIDE6, 53)))),
    ];
    let wrong: Vec<String> = attempts
        .into_iter()
        .filter(|(_, attempt)| !is_unreachable(attempt))
        .map(|(how, attempt)| match attempt {
            Ok(()) => format!("{how}: sent"),
            Err(error) => format!("{how}: {error}"),
        })
        .collect();
    match wrong.as_slice() {
        [] => finding(Check::Unreachable, true, "unreachable"),
        wrong => finding(Check::Unreachable, false, wrong.join(", ")),
    }
}

fn tcp(address: SocketAddr) -> io::Result<()> {
    TcpStream::connect_timeout(&address, AT_ONCE).map(drop)
}

/// Connecting a datagram socket looks up a route and sends nothing.
pub(super) fn udp(address: SocketAddr) -> io::Result<()> {
    open_udp(address).map(drop)
}

/// Opens a datagram socket whose only peer is `address`.
pub(super) fn open_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(socket)
}

/// Tells the errors of a host without a route, or without the protocol, from those of one that tried.
pub(super) fn is_unreachable(attempt: &io::Result<()>) -> bool {
    let error = attempt.as_ref().err().and_then(io::Error::raw_os_error);
    let unreachable = [Errno::NETUNREACH, Errno::ADDRNOTAVAIL, Errno::AFNOSUPPORT];
    error.is_some_and(|code| unreachable.iter().any(|errno| errno.raw_os_error() == code))
}
