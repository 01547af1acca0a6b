//! Kinds of sockets that no network namespace holds back, by every way into the kernel.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("make a packet socket", &["family", "17", "2"]),
    Attempt::new("make a virtual machine's socket", &["family", "40", "1"]),
    Attempt::new("make an express data path", &["family", "44", "3"]),
    Attempt::new("make a CAN socket", &["family", "29", "3"]),
    Attempt::new("make a TIPC socket", &["family", "30", "5"]),
    Attempt::new("make a Bluetooth socket", &["family", "31", "3"]),
    Attempt::new(
        "make a socket of the kernel's cryptography",
        &["family", "38", "5"],
    ),
    Attempt::new("make an RDS socket", &["family", "21", "5"]),
    Attempt::new("make a key management socket", &["family", "15", "3"]),
    Attempt::new("make an SMC socket", &["family", "43", "1"]),
    Attempt::new("make an X.25 socket", &["family", "9", "5"]),
    Attempt::new(
        "make a virtual machine's socket by the 32-bit entry",
        &["family32", "40"],
    ),
    Attempt::new("make an ordinary socket by the 32-bit entry", &["family32", "2"]),
    Attempt::new(
        "make a virtual machine's socket by the third ABI",
        &["family-x32", "40"],
    ),
    Attempt::new("hear of the host's devices", &["protocol", "16", "3", "15"]),
    Attempt::new("talk to the kernel's audit", &["protocol", "16", "3", "9"]),
    Attempt::new("talk to packet filters", &["protocol", "16", "3", "12"]),
    Attempt::new("talk to generic netlink", &["protocol", "16", "3", "16"]),
    Attempt::new("list the kernel's sockets", &["protocol", "16", "3", "4"]),
    Attempt::new("talk to transformations", &["protocol", "16", "3", "6"]),
    Attempt::new("make an SCTP socket", &["protocol", "2", "1", "132"]),
    Attempt::new("make a DCCP socket", &["protocol", "2", "6", "33"]),
    Attempt::new("make a UDP-Lite socket", &["protocol", "2", "2", "136"]),
    Attempt::new("make an L2TP socket", &["protocol", "2", "2", "115"]),
    Attempt::new(
        "make a DCCP socket by its kind alone",
        &["protocol", "2", "6", "0"],
    ),
];
