//! Files of the host's that are not programs are not to be seen, by no name.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("read the host's passwords", &["read", "/etc/shadow"]),
    Attempt::new("read a file in the host's temporary folder", &["read", "{file}"]),
    Attempt::new("list that folder", &["list", "{folder}"]),
    Attempt::new(
        "read a file by way of the first process",
        &["read", "/proc/1/root/etc/hostname"],
    ),
    Attempt::new(
        "write a file in the host's temporary folder",
        &["write", "{file}"],
    ),
    Attempt::new(
        "read a file in the host's shared memory",
        &["read", "{memory-file}"],
    ),
    Attempt::new("list what services run", &["list", "/run/systemd"]),
    Attempt::new(
        "list the host's devices in /sys",
        &["list", "/sys/class/block/loop0"],
    ),
    Attempt::new("list who may log in where", &["list", "/etc/ssh"]),
    Attempt::new("read the machine's identity", &["read", "/etc/machine-id"]),
    Attempt::new("give a system program a second name", &["link", "/usr/bin/env"]),
    Attempt::new("open a file by its number", &["by-handle", "/etc/hostname"]),
    Attempt::new("make a file among the programs", &["create", "/usr/bin/planted"]),
    Attempt::new("make a file at the root", &["create", "/planted"]),
    Attempt::new("make a file among the settings", &["create", "/etc/planted"]),
    Attempt::new("write to a system program", &["overwrite", "/usr/bin/env"]),
];
