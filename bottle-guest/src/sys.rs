//! The few system calls that no safe wrapper offers, for processes of one thread.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::process::Pid;

/// Which side of a fork this is.
pub(crate) enum Fork {
    /// The new process.
    Child,
    /// The old one.
    Parent(Pid),
}

/// Forks into new namespaces (`CLONE_NEW*`); with no flag, just forks. Only a process with one thread may ask.
pub(crate) fn fork(namespaces: libc::c_int) -> io::Result<Fork> {
    // As unsigned: the flags fill 32 bits.
    let flags = u64::from(namespaces.cast_unsigned()) | libc::SIGCHLD.unsigned_abs() as u64;
    #[expect(
        unsafe_code,
        reason = "without a stack of its own the child goes on here, with a copy of all memory"
    )]
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    match i32::try_from(result).map_err(io::Error::other)? {
        0 => Ok(Fork::Child),
        pid => match Pid::from_raw(pid).filter(|_| pid > 0) {
            Some(pid) => Ok(Fork::Parent(pid)),
            None => Err(io::Error::last_os_error()),
        },
    }
}

/// Moves this process into new namespaces.
pub(crate) fn unshare(flags: rustix::thread::UnshareFlags) -> io::Result<()> {
    #[expect(
        unsafe_code,
        reason = "this process has one thread, and keeps its descriptors"
    )]
    let done = unsafe { rustix::thread::unshare_unsafe(flags) };
    Ok(done?)
}

/// Ends this process at once: nothing of the process that it was forked from is run again.
pub(crate) fn exit(status: i32) -> ! {
    #[expect(unsafe_code, reason = "ends the process and touches nothing")]
    unsafe {
        libc::_exit(status)
    }
}

/// Closes every descriptor from `first` on.
pub(crate) fn close_from(first: libc::c_uint) -> io::Result<()> {
    close_range(first, libc::c_uint::MAX)
}

fn close_range(first: libc::c_uint, last: libc::c_uint) -> io::Result<()> {
    #[expect(
        unsafe_code,
        reason = "what owned these descriptors belongs to the process this one was forked from"
    )]
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    succeeded(result)
}

/// Closes every descriptor but these and the first three.
pub(crate) fn close_all_but(kept: &[i32]) -> io::Result<()> {
    let mut kept: Vec<libc::c_uint> = kept.iter().map(|fd| fd.cast_unsigned()).collect();
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept {
        if fd > first {
            close_range(first, fd - 1)?;
        }
        first = fd + 1;
    }
    close_range(first, libc::c_uint::MAX)
}

/// Sets attributes (`MOUNT_ATTR_*`) of a mount and of all mounts in it, and takes it out of any propagation.
pub(crate) fn set_mount(mount: BorrowedFd<'_>, set: u64) -> io::Result<()> {
    set_attributes(
        mount.as_raw_fd(),
        c"",
        set,
        libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
    )
}

/// Takes the right to write away from the root's own mount, and from none in it.
pub(crate) fn set_root_read_only() -> io::Result<()> {
    set_attributes(libc::AT_FDCWD, c"/", libc::MOUNT_ATTR_RDONLY, 0)
}

fn set_attributes(folder: i32, path: &CStr, set: u64, flags: libc::c_int) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: set,
        attr_clr: 0,
        propagation: libc::MS_PRIVATE,
        userns_fd: 0,
    };
    #[expect(
        unsafe_code,
        reason = "the kernel reads a structure of the size that it is told"
    )]
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            folder,
            path.as_ptr(),
            flags,
            &raw const attributes,
            size_of_val(&attributes),
        )
    };
    succeeded(result)
}

/// Switches the loopback interface of this network namespace on.
pub(crate) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    #[repr(C)]
    struct Request {
        name: [u8; 16],
        flags: libc::c_short,
        rest: [u8; 22],
    }
    let mut request = Request {
        name: *b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        flags: 0,
        rest: [0; 22],
    };
    #[expect(
        unsafe_code,
        reason = "the kernel reads and writes a structure of its own size"
    )]
    unsafe {
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) != 0 {
            return Err(io::Error::last_os_error());
        }
        #[expect(clippy::cast_possible_truncation, reason = "the flag is in the low byte")]
        let up = libc::IFF_UP as libc::c_short;
        request.flags |= up;
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw mut request) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// What becomes of a signal.
#[derive(Clone, Copy)]
pub(crate) enum Disposition {
    Default,
    Ignore,
}

/// Says what becomes of a signal.
pub(crate) fn on_signal(signal: libc::c_int, disposition: Disposition) {
    let handler = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
    };
    #[expect(unsafe_code, reason = "no handler of ours is installed")]
    unsafe {
        libc::signal(signal, handler);
    }
}

/// Lets every signal through, whatever the process before held back.
pub(crate) fn unblock_signals() {
    #[expect(unsafe_code, reason = "an empty set, filled by the system's own function")]
    unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Creates a file system that is mounted nowhere yet.
pub(crate) fn file_system(name: &CStr, options: &[(&str, &str)], attributes: u64) -> io::Result<OwnedFd> {
    use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};
    let context = rustix::mount::fsopen(name, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        match value.is_empty() {
            true => rustix::mount::fsconfig_set_flag(&context, *key)?,
            false => rustix::mount::fsconfig_set_string(&context, *key, *value)?,
        }
    }
    rustix::mount::fsconfig_create(&context)?;
    let attributes = u32::try_from(attributes).map_err(io::Error::other)?;
    let attributes = MountAttrFlags::from_bits_retain(attributes);
    Ok(rustix::mount::fsmount(
        &context,
        FsMountFlags::FSMOUNT_CLOEXEC,
        attributes,
    )?)
}

/// Kills every process that this one may kill, but the first of its namespace and itself.
pub(crate) fn kill_all_others() {
    #[expect(
        unsafe_code,
        reason = "two numbers go in; outside of a namespace of its own nobody calls this"
    )]
    unsafe {
        libc::kill(-1, libc::SIGKILL);
    }
}

/// Holds signals back and returns a file that tells of them.
pub(crate) fn signals(which: &[libc::c_int]) -> io::Result<OwnedFd> {
    #[expect(
        unsafe_code,
        reason = "a set that the system's own functions fill, and a descriptor that is new"
    )]
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in which {
            libc::sigaddset(&raw mut set, *signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        let file = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC);
        match file {
            0.. => Ok(OwnedFd::from_raw_fd(file)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Waits for the next of those signals.
pub(crate) fn next_signal(file: &OwnedFd) -> io::Result<libc::c_int> {
    // `struct signalfd_siginfo` (signalfd(2)) begins with the number.
    let mut bytes = [0; 128];
    rustix::io::retry_on_intr(|| rustix::io::read(file, &mut bytes))?;
    let [a, b, c, d, ..] = bytes;
    Ok(i32::from_ne_bytes([a, b, c, d]))
}

/// Names this machine, for those in its namespace.
pub(crate) fn set_host_name(name: &str) -> io::Result<()> {
    Ok(rustix::system::sethostname(name.as_bytes())?)
}

fn succeeded(result: libc::c_long) -> io::Result<()> {
    match result {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
