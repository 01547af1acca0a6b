//! Processes of the host's are not to be seen or touched, even of the same user.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::at_host("trace a process of the host's", &["trace", "{process}"]),
    Attempt::at_host("signal it", &["signal", "{process}"]),
    Attempt::at_host("read its memory", &["memory", "{process}", "0x1000"]),
    Attempt::at_host("take its open file", &["file-of", "{process}"]),
    Attempt::at_host("read its file by its root", &["read", "{process-root}"]),
    Attempt::at_host("enter its folder", &["list", "{process-folder}"]),
    Attempt::at_host("join its network", &["join-net", "{process-net}"]),
];
