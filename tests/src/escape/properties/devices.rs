//! Devices of the host's are not there and cannot be made.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("make a character device", &["device", "./null", "1", "3"]),
    Attempt::new(
        "make one in shared memory",
        &["device", "/dev/shm/null", "1", "3"],
    ),
    Attempt::new(
        "make one among the devices",
        &["device", "/dev/null-too", "1", "3"],
    ),
    Attempt::new("open the machine's memory", &["open", "/dev/mem"]),
    Attempt::new("open the machine's ports", &["open", "/dev/port"]),
    Attempt::new("open the kernel's log", &["open", "/dev/kmsg"]),
    Attempt::new("open a disk", &["open", "/dev/loop0"]),
    Attempt::new("open the control of disks", &["write", "/dev/loop-control"]),
    Attempt::new("open the virtual machine monitor", &["write", "/dev/kvm"]),
    Attempt::new("open user-space file systems", &["write", "/dev/fuse"]),
    Attempt::new("open network tunnels", &["write", "/dev/net/tun"]),
    Attempt::new("open virtual sockets", &["write", "/dev/vsock"]),
    Attempt::new("open the handler of page faults", &["write", "/dev/userfaultfd"]),
    Attempt::new("open a screen of the host's", &["write", "/dev/tty1"]),
    Attempt::new("open the host's console", &["write", "/dev/console"]),
    Attempt::new("open its serial line", &["write", "/dev/ttyS0"]),
    Attempt::new("open its screen's memory", &["open", "/dev/vcsa1"]),
    Attempt::new("open input devices", &["open", "/dev/input/event0"]),
    Attempt::new("open its real-time clock", &["open", "/dev/rtc0"]),
    Attempt::new("open its btrfs control", &["write", "/dev/btrfs-control"]),
];
