//! A guest that is a machine of its own: what is closed there before the first command runs.
//!
//! What the kernel tells is that machine's, and it is covered all the same: a guest is to be the same wherever it runs.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::mount::MountPropagationFlags;

use crate::tree;

/// What of the kernel's view of processes can be read, and written nowhere.
pub const SEALED: [&str; 5] = ["sys", "irq", "bus", "fs", "sysrq-trigger"];
/// What the kernel tells of the machine, of its memory and of others' keys, in the same folder.
pub const COVERED: [&str; 21] = [
    "acpi",
    "asound",
    "cmdline",
    "config.gz",
    "interrupts",
    "iomem",
    "ioports",
    "kallsyms",
    "kcore",
    "key-users",
    "keys",
    "kmsg",
    "latency_stats",
    "modules",
    "mtrr",
    "sched_debug",
    "scsi",
    "slabinfo",
    "timer_list",
    "timer_stats",
    "vmallocinfo",
];
/// Folders of the machine's that no guest has elsewhere: its devices, and the disk that its files lie on.
const HIDDEN: [&str; 2] = ["/sys", "/storage"];
const DEVICES: &str = "/dev";
/// What a guest has of devices.
const KEPT: [&str; 15] = [
    "console", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout",
    "tty", "urandom", "zero",
];

/// Names the machine, its loopback and the doors there, and a resolver that is asked once.
///
/// # Errors
///
/// When the system refuses a name, or a file cannot be written.
pub fn name_machine(name: &str, doors: &[&str]) -> io::Result<()> {
    rustix::system::sethostname(name.as_bytes())?;
    let hosts = format!("127.0.0.1\tlocalhost {name}\n127.0.0.1\t{}\n", doors.join(" "));
    write_anew("/etc/hosts", &hosts)?;
    write_anew(
        "/etc/resolv.conf",
        "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
    )
}

/// Writes a file in the place of what is there: the image may have a link to somewhere else.
fn write_anew(path: &str, text: &str) -> io::Result<()> {
    let path = Path::new(path);
    let new = path.with_extension("bottle");
    fs::write(&new, text)
        .and_then(|()| fs::set_permissions(&new, fs::Permissions::from_mode(0o644)))
        .and_then(|()| fs::rename(&new, path))
        .map_err(|error| failed("write", path, &error))
}

/// Takes away what the kernel tells of the machine, and all devices but the harmless ones; and gives the ports below
/// 1024 to everybody, since there is nobody else.
///
/// # Errors
///
/// The first thing that could not be closed; the guest is not to be used then.
pub fn close_machine() -> io::Result<()> {
    fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")?;
    // Whoever runs the machine keeps its view of it.
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change(c"/", private)?;
    for entry in fs::read_dir(DEVICES)? {
        let entry = entry?;
        if entry
            .file_name()
            .to_str()
            .is_none_or(|name| !KEPT.contains(&name))
        {
            remove(&entry.path()).map_err(|error| failed("close", &entry.path(), &error))?;
        }
    }
    for name in SEALED {
        let path = processes(name);
        tree::seal_below(&path).map_err(|error| failed("close", &path, &error))?;
    }
    for path in COVERED
        .map(processes)
        .into_iter()
        .chain(HIDDEN.map(PathBuf::from))
    {
        tree::cover(&path).map_err(|error| failed("close", &path, &error))?;
    }
    Ok(())
}

fn processes(name: &str) -> PathBuf {
    Path::new("/proc").join(name)
}

/// Removes a device, or covers a folder of them: what is mounted there may be in use by whoever runs the machine.
fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path)?.is_dir() {
        true => tree::cover(path),
        false => fs::remove_file(path),
    }
}

fn failed(action: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot {action} {}: {error}", path.display()),
    )
}
