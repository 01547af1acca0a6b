//! A socket or pipe of the host's that can be seen is a way out, whatever it was meant for.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("connect to a name on the host", &["abstract", "{name}"]),
    Attempt::new(
        "connect to a socket in the host's temporary folder",
        &["unix", "{socket}"],
    ),
    Attempt::new(
        "connect to a socket among the host's programs",
        &["unix", "{shown-socket}"],
    ),
    Attempt::new(
        "write to a pipe in the host's temporary folder",
        &["fifo", "{pipe}"],
    ),
    Attempt::new(
        "write to a pipe among the host's programs",
        &["fifo", "{shown-pipe}"],
    ),
    Attempt::new("connect to the engine", &["unix-service", "/var/run/docker.sock"]),
    Attempt::new(
        "connect to containerd",
        &["unix-service", "/run/containerd/containerd.sock"],
    ),
    Attempt::new(
        "connect to the message bus",
        &["unix-service", "/run/dbus/system_bus_socket"],
    ),
    Attempt::new(
        "connect to the journal",
        &["unix-service", "/run/systemd/journal/stdout"],
    ),
    Attempt::new(
        "connect to the manager of services",
        &["unix-service", "/run/systemd/private"],
    ),
    Attempt::new("connect to podman", &["unix-service", "/run/podman/podman.sock"]),
];
