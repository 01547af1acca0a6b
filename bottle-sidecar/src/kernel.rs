//! The few system calls that no safe wrapper offers.

use std::io;

/// Marks every open descriptor from `first` on to be closed by the next `exec`.
///
/// # Errors
///
/// What the system says; Linux before 5.11 knows no such call.
pub(crate) fn close_on_exec_from(first: libc::c_uint) -> io::Result<()> {
    let flag = libc::CLOSE_RANGE_CLOEXEC;
    #[expect(unsafe_code, reason = "sets a flag on descriptors and touches no memory")]
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, flag) };
    succeeded(result)
}

/// Tries to set up an `io_uring` and closes it again by exiting: only a probe that ends right after calls this.
///
/// # Errors
///
/// What the system says, which is the wanted answer.
pub(crate) fn io_uring_setup() -> io::Result<()> {
    // `struct io_uring_params` of include/uapi/linux/io_uring.h: 120 bytes; all zero asks for the defaults.
    let mut parameters = [0_u64; 15];
    #[expect(
        unsafe_code,
        reason = "the kernel writes 120 bytes into an array of that size"
    )]
    let result = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) };
    succeeded(result)
}

/// Makes a system call of the x32 ABI, which kernels number as the 64-bit one with bit 30 set.
pub(crate) fn x32_socket(family: u16) -> io::Result<()> {
    #[expect(unsafe_code, reason = "three numbers go in and a number comes out")]
    let result = unsafe {
        libc::syscall(
            0x4000_0000 + libc::SYS_socket,
            i32::from(family),
            libc::SOCK_STREAM,
            0,
        )
    };
    succeeded(result)
}

fn succeeded(result: libc::c_long) -> io::Result<()> {
    match result {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// System calls through the 32-bit entry of an x86-64 kernel, which filters for 64-bit calls do not see.
///
/// A process whose filter kills for it gets SIGSYS, and one on a kernel without that entry SIGSEGV.
#[cfg(target_arch = "x86_64")]
pub(crate) mod ia32 {
    use std::io;

    // Numbers of arch/x86/entry/syscalls/syscall_32.tbl.
    const GETPID: u32 = 20;
    const SOCKETCALL: u32 = 102;
    const SOCKET: u32 = 359;
    const STREAM: u32 = 1;

    /// Asks for the process id.
    pub(crate) fn getpid() -> io::Result<()> {
        call(GETPID, [0; 3])
    }

    /// Opens a stream socket of a family.
    pub(crate) fn socket(family: u16) -> io::Result<()> {
        call(SOCKET, [u32::from(family), STREAM, 0])
    }

    /// Opens a stream socket of a family by the older call that takes its arguments from memory.
    pub(crate) fn socketcall(family: u16) -> io::Result<()> {
        const CREATE: u32 = 1;
        let arguments = low_memory()?;
        let address = u32::try_from(arguments.addr()).map_err(io::Error::other)?;
        #[expect(unsafe_code, reason = "writes three words into a page mapped for them")]
        unsafe {
            arguments.write([u32::from(family), STREAM, 0]);
        }
        call(SOCKETCALL, [CREATE, address, 0])
    }

    /// Maps a page that a 32-bit pointer reaches; the process ends before it would matter.
    fn low_memory() -> io::Result<*mut [u32; 3]> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
        #[expect(
            unsafe_code,
            reason = "maps fresh memory at an address of the kernel's choice"
        )]
        let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) };
        match page == libc::MAP_FAILED {
            true => Err(io::Error::last_os_error()),
            false => Ok(page.cast()),
        }
    }

    fn call(number: u32, arguments: [u32; 3]) -> io::Result<()> {
        let [first, second, third] = arguments.map(u64::from);
        let mut result = u64::from(number);
        #[expect(
            unsafe_code,
            reason = "the compiler keeps rbx for itself, so it is swapped in and back"
        )]
        unsafe {
            std::arch::asm!(
                "xchg {first}, rbx",
                "int 0x80",
                "xchg {first}, rbx",
                first = inout(reg) first => _,
                inout("rax") result,
                in("rcx") second,
                in("rdx") third,
                lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _,
            );
        }
        // The low half of rax is the 32-bit result, negative for an error.
        #[expect(clippy::cast_possible_truncation, reason = "the result is 32 bits wide")]
        let result = result as i32;
        match result {
            0.. => Ok(()),
            _ => Err(io::Error::from_raw_os_error(-result)),
        }
    }
}
