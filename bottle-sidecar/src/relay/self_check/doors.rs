//! Each door answers: at its port through the relay, and at its socket where the guest sees one.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use bottle_wire::check::{Check, Finding};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::{finding, until_uninterrupted};
use crate::relay::arguments::Pair;

/// How long one connection may take.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
/// How long the relay gets to close a connection that it cannot pass on.
const CLOSES_WITHIN: Duration = Duration::from_millis(20);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(2);

pub(super) fn all_answer(pairs: &[Pair], patience: Duration) -> Finding {
    let deadline = Instant::now() + patience;
    // Side by side: a door that stays open costs its whole watch.
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let watches: Vec<_> = pairs
            .iter()
            .map(|pair| scope.spawn(move || answers_by(pair, deadline)))
            .collect();
        let lost = |_| Err("the look at it did not end".to_owned());
        let looks = watches.into_iter().map(|watch| watch.join().unwrap_or_else(lost));
        looks.filter_map(Result::err).collect()
    });
    match wrong.as_slice() {
        [] => finding(Check::Doors, true, format!("{} answer", pairs.len())),
        wrong => finding(Check::Doors, false, wrong.join(", ")),
    }
}

fn answers_by(pair: &Pair, deadline: Instant) -> Result<(), String> {
    loop {
        let attempt = answers(pair);
        if attempt.is_ok() || Instant::now() >= deadline {
            return attempt;
        }
        std::thread::sleep(PAUSE);
    }
}

fn answers(pair: &Pair) -> Result<(), String> {
    let at_port = |error: io::Error| format!("port {}: {error}", pair.port);
    passes_on(pair.port).map_err(at_port)?;
    // Where the relay is outside of the guest, so are the sockets, and the port is the only way.
    if pair.socket.parent().is_some_and(|folder| !folder.exists()) {
        return Ok(());
    }
    let at_socket = |error: rustix::io::Errno| format!("{}: {error}", pair.socket.display());
    connects(&pair.socket).map_err(at_socket)
}

fn passes_on(port: u16) -> io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, CONNECTS_WITHIN)?;
    stream.set_read_timeout(Some(CLOSES_WITHIN))?;
    match until_uninterrupted(|| stream.read(&mut [0])) {
        Ok(0) => Err(io::Error::other("closes at once")),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        other => other.map(drop),
    }
}

/// Connects without waiting: a full queue is an error, not a hang.
fn connects(path: &Path) -> rustix::io::Result<()> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)
}
