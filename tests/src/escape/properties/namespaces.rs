//! A namespace of the agent's own would give it capabilities, and with them most of the kernel.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("unshare users", &["namespace", "user"]),
    Attempt::new("unshare the network", &["namespace", "net"]),
    Attempt::new("unshare mounts", &["namespace", "mount"]),
    Attempt::new("unshare processes", &["namespace", "pid"]),
    Attempt::new("unshare messages", &["namespace", "ipc"]),
    Attempt::new("unshare the name", &["namespace", "uts"]),
    Attempt::new("unshare control groups", &["namespace", "cgroup"]),
    Attempt::new("unshare time", &["namespace", "time"]),
    Attempt::new("clone into a user namespace", &["clone-user"]),
    Attempt::new("unshare users by the 32-bit entry", &["namespace32"]),
    Attempt::new("join its own network again", &["join-net", "/proc/self/ns/net"]),
    Attempt::new("rename the machine", &["host-name"]),
];
