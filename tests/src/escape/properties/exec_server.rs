//! What runs a guest's commands is not the agent's to touch: the guest's first process, and the parent of each command.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("read the first process's variables", &["read", "/proc/1/environ"]),
    Attempt::new("read the first process's memory map", &["read", "/proc/1/maps"]),
    Attempt::new("open the first process's memory", &["open", "/proc/1/mem"]),
    Attempt::new(
        "read where the first process is in the kernel",
        &["read", "/proc/1/stack"],
    ),
    Attempt::new(
        "read the first process's system call",
        &["read", "/proc/1/syscall"],
    ),
    Attempt::new("list the first process's open files", &["list", "/proc/1/fd"]),
    Attempt::new("enter the first process's root", &["list", "/proc/1/root"]),
    Attempt::new("enter the first process's folder", &["list", "/proc/1/cwd"]),
    Attempt::new(
        "list the first process's mapped files",
        &["list", "/proc/1/map_files"],
    ),
    Attempt::new("open the first process's program", &["open", "/proc/1/exe"]),
    Attempt::new(
        "read the first process's memory by call",
        &["memory", "1", "0x1000"],
    ),
    Attempt::new("trace the first process", &["trace", "1"]),
    Attempt::at_host("stop the first process", &["stop", "{first}"]),
    Attempt::new("take an open file of the first process", &["file-of", "1"]),
    Attempt::new("change a limit of the first process", &["limit-of", "1"]),
    Attempt::new(
        "make the first process the next to be ended",
        &["write", "/proc/1/oom_score_adj"],
    ),
    Attempt::new(
        "join the first process's network",
        &["join-net", "/proc/1/ns/net"],
    ),
    Attempt::new("join all that the first process has", &["join-process", "1"]),
    Attempt::new("signal the parent", &["signal", "parent"]),
    Attempt::new("trace the parent", &["trace", "parent"]),
    Attempt::new("read the parent's memory", &["memory", "parent", "0x1000"]),
    Attempt::new("take an open file of the parent", &["file-of", "parent"]),
    Attempt::new("change a limit of the parent", &["limit-of", "parent"]),
    Attempt::new("list the parent's open files", &["parents-files"]),
    Attempt::new("write to the relay's program", &["overwrite", "{relay}"]),
];
