//! A name outside does not resolve.
//!
//! In transparent mode the relay holds 127.0.0.1 and must answer there; anybody else's answer, or silence, is a way out.
//! The questions are written by hand and sent to whoever the guest would ask: the C library's resolver takes its orders
//! from files of the guest's image.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bottle_wire::check::{Check, Finding};

use super::reach::open_udp;
use super::{finding, until_uninterrupted};

/// How long an answer may take; on loopback a port without a server refuses at once.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long the relay's answer may take, on a machine that is busy with starts.
const RELAY_PATIENCE: Duration = Duration::from_secs(5);
/// The pause between two questions to a relay that does not listen yet.
const PAUSE: Duration = Duration::from_millis(2);
/// The most resolvers that are taken from the guest's file.
const MOST_RESOLVERS: usize = 8;
/// The most bytes of that file that are read.
const MOST_BYTES: u64 = 64 << 10;
/// Where resolvers live on loopback: any, Docker's own, systemd's.
const KNOWN: [Ipv4Addr; 3] = [
    Ipv4Addr::LOCALHOST,
    Ipv4Addr::new(127, 0, 0, 11),
    Ipv4Addr::new(127, 0, 0, 53),
];
/// A question for the address of example.com (RFC 1035, section 4; RFC 2606 reserves the name).
const QUESTION: &[u8] = b"\xb0\x77\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01";
/// The same for a name that nobody can have (RFC 6761, section 6.4): no bottle allows it, and no door records it.
const RELAY_QUESTION: &[u8] = b"\xb0\x77\x01\0\0\x01\0\0\0\0\0\0\x06bottle\x07invalid\0\0\x01\0\x01";

pub(super) fn nothing_resolves(transparent: bool) -> Finding {
    let wrong: Vec<String> = resolvers(&resolver_file())
        .into_iter()
        .filter_map(|resolver| {
            let wrong = match transparent && resolver == Ipv4Addr::LOCALHOST {
                true => ask_relay(resolver),
                false => ask(resolver),
            };
            Some(format!("{resolver} {}", wrong?))
        })
        .collect();
    match wrong.as_slice() {
        [] => finding(Check::Names, true, "nobody answers for names outside"),
        wrong => finding(Check::Names, false, wrong.join(", ")),
    }
}

fn resolver_file() -> String {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open("/etc/resolv.conf");
    // Without the file, resolvers ask 127.0.0.1, which is among the known ones.
    let _missing = opened.and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn resolvers(file: &str) -> BTreeSet<IpAddr> {
    let words = file.lines().map(|line| {
        let mut words = line.split_whitespace();
        (words.next(), words.next())
    });
    let named = words.filter_map(|words| match words {
        (Some("nameserver"), Some(address)) => address.parse().ok(),
        _ => None,
    });
    let known = KNOWN.into_iter().map(IpAddr::from);
    known.chain(named.take(MOST_RESOLVERS)).collect()
}

/// Asks one resolver; returns what is wrong with its being there.
fn ask(resolver: IpAddr) -> Option<String> {
    let mut answer = [0; 512];
    match exchange(resolver, QUESTION, PATIENCE, &mut answer) {
        Ok(answer) if is_refusal(answer) => None,
        Ok(_) => Some("answers with an address".to_owned()),
        Err(error) if is_silence(&error) => Some("takes questions".to_owned()),
        Err(_) => None,
    }
}

/// Asks the relay, which must answer, once it has started; returns what is wrong with its answer.
fn ask_relay(resolver: IpAddr) -> Option<String> {
    let deadline = Instant::now() + RELAY_PATIENCE;
    let mut answer = [0; 512];
    loop {
        match exchange(resolver, RELAY_QUESTION, RELAY_PATIENCE, &mut answer) {
            Ok(answer) if is_refusal(answer) => return None,
            Ok(_) => return Some("answers with an address".to_owned()),
            Err(error) if Instant::now() >= deadline => return Some(format!("does not answer: {error}")),
            // Nobody listens there yet.
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

fn exchange<'a>(
    resolver: IpAddr,
    question: &[u8],
    patience: Duration,
    answer: &'a mut [u8],
) -> io::Result<&'a [u8]> {
    let socket = open_udp(SocketAddr::new(resolver, 53))?;
    socket.set_read_timeout(Some(patience))?;
    socket.send(question)?;
    let length = until_uninterrupted(|| socket.recv(answer))?;
    Ok(answer.get(..length).unwrap_or_default())
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Tells whether an answer says so in its head: a response without answer records.
fn is_refusal(answer: &[u8]) -> bool {
    matches!(answer, [_, _, flags, _, _, _, 0, 0, ..] if flags & 0x80 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_those_of_the_file_and_the_known_ones() {
        let file = "# nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver ::1\nsearch x\nnameserver bad\n";
        let found: Vec<String> = resolvers(file).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            ["127.0.0.1", "127.0.0.11", "127.0.0.53", "192.0.2.2", "::1"]
        );
        assert!(resolvers(&"nameserver 192.0.2.2\n".repeat(100)).len() <= KNOWN.len() + 1);
    }

    #[test]
    fn only_an_answer_without_records_is_a_refusal() {
        assert!(is_refusal(b"\xb0\x77\x81\x83\0\x01\0\0\0\0\0\0"));
        assert!(!is_refusal(b"\xb0\x77\x81\x80\0\x01\0\x01\0\0\0\0"));
        assert!(!is_refusal(QUESTION));
        assert!(!is_refusal(b""));
    }
}
