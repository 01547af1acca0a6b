//! There is no network but the guest's own loopback.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("connect to the host's address", &["tcp", "{address}", "{port}"]),
    Attempt::new(
        "connect to a server on the host's loopback",
        &["tcp", "127.0.0.1", "{loopback-port}"],
    ),
    Attempt::new(
        "connect to it by IPv6",
        &["tcp", "::ffff:127.0.0.1", "{loopback-port}"],
    ),
    Attempt::new(
        "send a datagram to the host's address",
        &["udp", "{address}", "{datagram-port}", "hello"],
    ),
    Attempt::new("echo to the host's address", &["icmp", "{address}"]),
    Attempt::new(
        "send a datagram to everybody",
        &["udp", "224.0.0.1", "5353", "hello"],
    ),
    Attempt::new("change an interface", &["interface"]),
    Attempt::new("make raw packets", &["protocol", "2", "3", "255"]),
    Attempt::new("make raw IPv6 packets", &["protocol", "10", "3", "58"]),
    Attempt::new("see raw frames", &["family", "17", "3"]),
    Attempt::unshown(
        "ask a cloud for credentials",
        &["tcp", "169.254.169.254", "80"],
        "there is no cloud here that answers",
    ),
    Attempt::unshown(
        "ask it by IPv6",
        &["tcp", "fd00:ec2::254", "80"],
        "there is no cloud here that answers",
    ),
    Attempt::unshown(
        "ask a public resolver",
        &["dns", "8.8.8.8", "53"],
        "this machine may have no way to one",
    ),
];
