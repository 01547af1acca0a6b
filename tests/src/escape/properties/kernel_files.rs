//! What the kernel tells about the machine is covered, and its settings cannot be written.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new(
        "choose a handler of crashes",
        &["write", "/proc/sys/kernel/core_pattern"],
    ),
    Attempt::new("trigger system requests", &["write", "/proc/sysrq-trigger"]),
    Attempt::new(
        "choose who loads modules",
        &["write", "/proc/sys/kernel/modprobe"],
    ),
    Attempt::new(
        "choose a handler of events",
        &["write", "/sys/kernel/uevent_helper"],
    ),
    Attempt::new(
        "allow more of the kernel's log",
        &["write", "/proc/sys/kernel/dmesg_restrict"],
    ),
    Attempt::new(
        "change how memory is given",
        &["write", "/proc/sys/vm/overcommit_memory"],
    ),
    Attempt::new("forward packets", &["write", "/proc/sys/net/ipv4/ip_forward"]),
    Attempt::new(
        "register a kind of program",
        &["write", "/proc/sys/fs/binfmt_misc/register"],
    ),
    Attempt::new("change memory types", &["write", "/proc/mtrr"]),
    Attempt::new(
        "send interrupts elsewhere",
        &["write", "/proc/irq/default_smp_affinity"],
    ),
    Attempt::new("read the kernel's memory", &["read", "/proc/kcore"]),
    Attempt::new("read keys", &["read", "/proc/keys"]),
    Attempt::new("read whose keys there are", &["read", "/proc/key-users"]),
    Attempt::new("read timers", &["read", "/proc/timer_list"]),
    Attempt::new("read the kernel's symbols", &["read", "/proc/kallsyms"]),
    Attempt::new("read the kernel's configuration", &["read", "/proc/config.gz"]),
    Attempt::new("read the kernel's command line", &["read", "/proc/cmdline"]),
    Attempt::new("read modules", &["read", "/proc/modules"]),
    Attempt::new("read interrupts", &["read", "/proc/interrupts"]),
    Attempt::new("read the scheduler's state", &["read", "/proc/sched_debug"]),
    Attempt::new(
        "read where the kernel's memory is",
        &["read", "/proc/vmallocinfo"],
    ),
    Attempt::new("read physical addresses", &["read", "/proc/iomem"]),
    Attempt::new("read the kernel's caches", &["read", "/proc/slabinfo"]),
    Attempt::new("read page frames", &["open", "/proc/kpagecount"]),
    Attempt::new("read ports", &["read", "/proc/ioports"]),
    Attempt::new("list the machine's firmware", &["list", "/sys/firmware/acpi"]),
    Attempt::new(
        "list the kernel's debug files",
        &["list", "/sys/kernel/debug/block"],
    ),
];
