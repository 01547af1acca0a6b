//! The system calls that a guest's processes may make.
//!
//! An allow-list: what is not named here fails with EPERM, and a call of a foreign ABI kills.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// Both filters, ready to be put in force.
pub(crate) struct Filters {
    /// Makes libraries fall back from a call whose flags lie in memory, where no filter can look.
    fall_back: BpfProgram,
    allowed: BpfProgram,
}

impl Filters {
    /// Compiles them.
    pub(crate) fn compile() -> io::Result<Self> {
        let fall_back = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        let not_there = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        Ok(Self {
            fall_back: compile(fall_back, SeccompAction::Allow, not_there)?,
            allowed: compile(rules()?, refused, SeccompAction::Allow)?,
        })
    }

    /// Compiles those of a program that serves and does nothing else.
    pub(crate) fn of_a_server() -> io::Result<Self> {
        let mut allowed = rules()?;
        for call in NEVER_A_SERVERS.iter().chain(NEVER_A_SERVERS_HERE) {
            allowed.remove(call);
        }
        allowed.insert(libc::SYS_socket, networks()?);
        // Threads, and no processes.
        let thread = libc::CLONE_THREAD as u64;
        allowed.insert(
            libc::SYS_clone,
            vec![rule([first(Is::MaskedEq(thread), thread)])?],
        );
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        Ok(Self {
            allowed: compile(allowed, refused, SeccompAction::Allow)?,
            ..Self::compile()?
        })
    }

    /// Puts them in force for this process and its children. Privileges cannot be gained any more by then.
    pub(crate) fn enforce(&self) -> io::Result<()> {
        for filter in [&self.fall_back, &self.allowed] {
            seccompiler::apply_filter(filter).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// Returns the names of all calls that are allowed whatever their arguments are.
pub fn allowed_calls() -> impl Iterator<Item = &'static str> {
    let all = [ALLOWED, ALLOWED_HERE, NEWER].into_iter().flatten();
    all.map(|(name, _)| name.trim_start_matches("SYS_"))
}

fn compile(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> io::Result<BpfProgram> {
    let here = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, otherwise, matched, here).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}

fn rules() -> io::Result<BTreeMap<i64, Vec<SeccompRule>>> {
    let always = [ALLOWED, ALLOWED_HERE, NEWER].into_iter().flatten();
    let mut rules: BTreeMap<_, _> = always.map(|(_, number)| (*number, Vec::new())).collect();
    // Its answer is the other filter's.
    rules.insert(libc::SYS_clone3, Vec::new());
    rules.insert(libc::SYS_socket, sockets()?);
    rules.insert(libc::SYS_socketpair, vec![rule([first(Is::Eq, UNIX)])?]);
    rules.insert(libc::SYS_clone, vec![rule([first(Is::MaskedEq(NAMESPACES), 0)])?]);
    rules.insert(
        libc::SYS_ioctl,
        vec![rule(TERMINALS.map(|request| second(Is::Ne, request)))?],
    );
    rules.insert(libc::SYS_setrlimit, vec![rule([first(Is::Ne, CORE)])?]);
    rules.insert(libc::SYS_prlimit64, limits()?);
    let personalities = PERSONALITIES.map(|which| rule([first(Is::Eq, which)]));
    rules.insert(
        libc::SYS_personality,
        personalities.into_iter().collect::<io::Result<_>>()?,
    );
    Ok(rules)
}

const UNIX: u64 = libc::AF_UNIX as u64;
const FAMILIES: [u64; 2] = [libc::AF_INET as u64, libc::AF_INET6 as u64];
/// Streams and datagrams: the others are raw, or modules of the kernel's that hardly anybody uses.
const KINDS: [u64; 2] = [libc::SOCK_STREAM as u64, libc::SOCK_DGRAM as u64];
/// The kind alone, without the flags beside it (socket(2)).
const KIND: u64 = 0xf;
/// What the family has by itself, ICMP, TCP, UDP, ICMPv6 and MPTCP (netinet/in.h).
const PROTOCOLS: [u64; 6] = [0, 1, 6, 17, 58, 262];
/// The size of a core, without which a crash starts the host's handler of crashes.
const CORE: u64 = libc::RLIMIT_CORE as u64;
/// `CLONE_NEW*` (linux/sched.h).
const NAMESPACES: u64 = 0x7e02_0000;
/// Requests that type into a terminal, `TIOCSTI` and `TIOCLINUX`, or have another module of the kernel's make sense of
/// it, `TIOCSETD` (ioctl_tty(2)).
const TERMINALS: [u64; 3] = [0x5412, 0x541c, 0x5423];
/// Linux, without randomised addresses, as a 32-bit machine, both, and asking for the present one.
const PERSONALITIES: [u64; 5] = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// What a server never does: start programs, look at other processes or end them, become somebody else, share memory.
const NEVER_A_SERVERS: &[i64] = &[
    libc::SYS_capset,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_io_setup,
    libc::SYS_kill,
    libc::SYS_linkat,
    libc::SYS_listen,
    libc::SYS_memfd_secret,
    libc::SYS_mknodat,
    libc::SYS_mq_open,
    libc::SYS_msgget,
    libc::SYS_personality,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_semget,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    libc::SYS_setregid,
    libc::SYS_setresgid,
    libc::SYS_setresuid,
    libc::SYS_setreuid,
    libc::SYS_setuid,
    libc::SYS_shmget,
    libc::SYS_symlinkat,
    libc::SYS_tkill,
];
#[cfg(target_arch = "x86_64")]
const NEVER_A_SERVERS_HERE: &[i64] = &[
    libc::SYS_chown,
    libc::SYS_fork,
    libc::SYS_lchown,
    libc::SYS_link,
    libc::SYS_mknod,
    libc::SYS_symlink,
    libc::SYS_vfork,
];
#[cfg(not(target_arch = "x86_64"))]
const NEVER_A_SERVERS_HERE: &[i64] = &[];

/// Another machine, and what is said about the ways to it.
fn networks() -> io::Result<Vec<SeccompRule>> {
    let mut rules = internet()?;
    rules.push(routes()?);
    Ok(rules)
}

/// Files, the guest's own loopback, and what is said about it.
fn sockets() -> io::Result<Vec<SeccompRule>> {
    let mut rules = internet()?;
    rules.push(rule([first(Is::Eq, UNIX)])?);
    rules.push(routes()?);
    Ok(rules)
}

fn internet() -> io::Result<Vec<SeccompRule>> {
    let mut rules = Vec::new();
    for family in FAMILIES {
        for kind in KINDS {
            for protocol in PROTOCOLS {
                rules.push(rule([
                    first(Is::Eq, family),
                    second(Is::MaskedEq(KIND), kind),
                    condition(2, Is::Eq, protocol),
                ])?);
            }
        }
    }
    Ok(rules)
}

/// Netlink only for what C libraries ask of it: addresses and routes.
fn routes() -> io::Result<SeccompRule> {
    let routes = condition(2, Is::Eq, libc::NETLINK_ROUTE as u64);
    rule([first(Is::Eq, libc::AF_NETLINK as u64), routes])
}

/// A process's own limits, but for the size of its core, which can be asked for.
fn limits() -> io::Result<Vec<SeccompRule>> {
    let nothing = SeccompCondition::new(2, Length::Qword, Is::Eq, 0).map_err(io::Error::other);
    Ok(vec![
        rule([first(Is::Eq, 0), second(Is::Ne, CORE)])?,
        rule([first(Is::Eq, 0), nothing])?,
    ])
}

fn first(is: Is, value: u64) -> io::Result<SeccompCondition> {
    condition(0, is, value)
}

fn second(is: Is, value: u64) -> io::Result<SeccompCondition> {
    condition(1, is, value)
}

/// All of these arguments are 32 bits wide: the kernel does not look at the upper half.
fn condition(argument: u8, is: Is, value: u64) -> io::Result<SeccompCondition> {
    SeccompCondition::new(argument, Length::Dword, is, value).map_err(io::Error::other)
}

fn rule<const N: usize>(conditions: [io::Result<SeccompCondition>; N]) -> io::Result<SeccompRule> {
    let conditions = conditions.into_iter().collect::<io::Result<_>>()?;
    SeccompRule::new(conditions).map_err(io::Error::other)
}

macro_rules! calls {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), libc::$name)),*]
    };
}

const ALLOWED: &[(&str, i64)] = calls![
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_brk,
    SYS_capget,
    SYS_capset,
    SYS_chdir,
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_close,
    SYS_close_range,
    SYS_connect,
    SYS_copy_file_range,
    SYS_dup,
    SYS_dup3,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_execve,
    SYS_execveat,
    SYS_exit,
    SYS_exit_group,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fchdir,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchmodat2,
    SYS_fchown,
    SYS_fchownat,
    SYS_fcntl,
    SYS_fdatasync,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_flock,
    SYS_fremovexattr,
    SYS_fsetxattr,
    SYS_fstat,
    SYS_fstatfs,
    SYS_fsync,
    SYS_ftruncate,
    SYS_futex,
    SYS_futex_waitv,
    SYS_get_robust_list,
    SYS_getcpu,
    SYS_getcwd,
    SYS_getdents64,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getgroups,
    SYS_getitimer,
    SYS_getpeername,
    SYS_getpgid,
    SYS_getpid,
    SYS_getppid,
    SYS_getpriority,
    SYS_getrandom,
    SYS_getresgid,
    SYS_getresuid,
    SYS_getrlimit,
    SYS_getrusage,
    SYS_getsid,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_gettid,
    SYS_gettimeofday,
    SYS_getuid,
    SYS_getxattr,
    SYS_inotify_add_watch,
    SYS_inotify_init1,
    SYS_inotify_rm_watch,
    SYS_io_cancel,
    SYS_io_destroy,
    SYS_io_getevents,
    SYS_io_setup,
    SYS_io_submit,
    SYS_ioprio_get,
    SYS_ioprio_set,
    SYS_kill,
    SYS_landlock_add_rule,
    SYS_landlock_create_ruleset,
    SYS_landlock_restrict_self,
    SYS_lgetxattr,
    SYS_linkat,
    SYS_listen,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_lremovexattr,
    SYS_lseek,
    SYS_lsetxattr,
    SYS_madvise,
    SYS_membarrier,
    SYS_memfd_create,
    SYS_memfd_secret,
    SYS_mincore,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_mlock,
    SYS_mlock2,
    SYS_mlockall,
    SYS_mmap,
    SYS_mprotect,
    SYS_mq_getsetattr,
    SYS_mq_notify,
    SYS_mq_open,
    SYS_mq_timedreceive,
    SYS_mq_timedsend,
    SYS_mq_unlink,
    SYS_mremap,
    SYS_mseal,
    SYS_msgctl,
    SYS_msgget,
    SYS_msgrcv,
    SYS_msgsnd,
    SYS_msync,
    SYS_munlock,
    SYS_munlockall,
    SYS_munmap,
    SYS_nanosleep,
    SYS_newfstatat,
    SYS_openat,
    SYS_openat2,
    SYS_pidfd_getfd,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_pipe2,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_pkey_mprotect,
    SYS_ppoll,
    SYS_prctl,
    SYS_pread64,
    SYS_preadv,
    SYS_preadv2,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pselect6,
    SYS_ptrace,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_read,
    SYS_readahead,
    SYS_readlinkat,
    SYS_readv,
    SYS_recvfrom,
    SYS_recvmmsg,
    SYS_recvmsg,
    SYS_remap_file_pages,
    SYS_removexattr,
    SYS_renameat,
    SYS_renameat2,
    SYS_restart_syscall,
    SYS_rseq,
    SYS_rt_sigaction,
    SYS_rt_sigpending,
    SYS_rt_sigprocmask,
    SYS_rt_sigqueueinfo,
    SYS_rt_sigreturn,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_rt_tgsigqueueinfo,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_sched_getaffinity,
    SYS_sched_getattr,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_rr_get_interval,
    SYS_sched_setaffinity,
    SYS_sched_setattr,
    SYS_sched_setparam,
    SYS_sched_setscheduler,
    SYS_sched_yield,
    SYS_seccomp,
    SYS_semctl,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_sendfile,
    SYS_sendmmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_setfsgid,
    SYS_setfsuid,
    SYS_setgid,
    SYS_setgroups,
    SYS_setitimer,
    SYS_setpgid,
    SYS_setpriority,
    SYS_setregid,
    SYS_setresgid,
    SYS_setresuid,
    SYS_setreuid,
    SYS_setsid,
    SYS_setsockopt,
    SYS_setuid,
    SYS_setxattr,
    SYS_shmat,
    SYS_shmctl,
    SYS_shmdt,
    SYS_shmget,
    SYS_shutdown,
    SYS_sigaltstack,
    SYS_signalfd4,
    SYS_splice,
    SYS_statfs,
    SYS_statx,
    SYS_symlinkat,
    SYS_sync,
    SYS_sync_file_range,
    SYS_syncfs,
    SYS_sysinfo,
    SYS_tee,
    SYS_tgkill,
    SYS_timer_create,
    SYS_timer_delete,
    SYS_timer_getoverrun,
    SYS_timer_gettime,
    SYS_timer_settime,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timerfd_settime,
    SYS_times,
    SYS_tkill,
    SYS_truncate,
    SYS_umask,
    SYS_uname,
    SYS_unlinkat,
    SYS_utimensat,
    SYS_vmsplice,
    SYS_wait4,
    SYS_waitid,
    SYS_write,
    SYS_writev,
];
/// Those that only the older processors' tables have.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[(&str, i64)] = calls![
    SYS_access,
    SYS_alarm,
    SYS_arch_prctl,
    SYS_chmod,
    SYS_chown,
    SYS_creat,
    SYS_dup2,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_eventfd,
    SYS_fork,
    SYS_futimesat,
    SYS_get_thread_area,
    SYS_getdents,
    SYS_getpgrp,
    SYS_inotify_init,
    SYS_lchown,
    SYS_link,
    SYS_lstat,
    SYS_mkdir,
    SYS_mknod,
    SYS_open,
    SYS_pause,
    SYS_pipe,
    SYS_poll,
    SYS_readlink,
    SYS_rename,
    SYS_rmdir,
    SYS_select,
    SYS_set_thread_area,
    SYS_signalfd,
    SYS_stat,
    SYS_symlink,
    SYS_time,
    SYS_unlink,
    SYS_utime,
    SYS_utimes,
    SYS_vfork,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[(&str, i64)] = &[];
/// Numbers that are the same on every processor and newer than the C library's headers (asm-generic/unistd.h).
const NEWER: &[(&str, i64)] = &[
    ("cachestat", 451),
    ("map_shadow_stack", 453),
    ("futex_wake", 454),
    ("futex_wait", 455),
    ("futex_requeue", 456),
    ("setxattrat", 463),
    ("getxattrat", 464),
    ("listxattrat", 465),
    ("removexattrat", 466),
];
