//! The guest's file system stays as it was made.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("mount memory", &["mount", "tmpfs", "/tmp"]),
    Attempt::new("mount a folder again", &["mount", "bind", "/tmp"]),
    Attempt::new("mount a read-only place anew", &["mount", "remount", "{mount}"]),
    Attempt::new("take a mount away", &["mount", "umount", "{mount}"]),
    Attempt::new("mount processes", &["mount", "proc", "/tmp"]),
    Attempt::new("mount the kernel's objects", &["mount", "sysfs", "/tmp"]),
    Attempt::new("mount devices", &["mount", "devtmpfs", "/tmp"]),
    Attempt::new("begin a file system", &["mount-new"]),
    Attempt::new("copy a mount", &["mount-copy", "/"]),
    Attempt::new("make a mount writable", &["mount-writable", "{mount}"]),
    Attempt::new("mount by the 32-bit entry", &["mount32", "/tmp"]),
    Attempt::new("change the root", &["chroot", "/"]),
    Attempt::new("pivot the root", &["pivot-root"]),
];
