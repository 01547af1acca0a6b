//! What the worker gives up before it reads a byte of the guest's.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bottle_guest::Sight;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// Calls that reach other machines and other processes. A pair of sockets reaches nobody else, and with some C libraries
/// it is how a program is started.
const FORBIDDEN: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_io_uring_setup,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
];

/// Cores of this size are not written, and handed to no program of the host's either: of none they are (core(5)).
const NO_CORE: u64 = 1;

/// Where a system keeps programs, what they are linked with, and random bytes for names.
const PROGRAMS: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/dev/urandom",
];

/// The only files that the worker sees: programs, the system's and these, and what it was told to look at.
pub(super) fn sight(programs: &[&Path], read: &[&Path], write: &[&Path]) -> Sight {
    let own = |paths: &[&Path]| -> Vec<PathBuf> { paths.iter().map(|path| path.to_path_buf()).collect() };
    let mut run = own(programs);
    run.extend(PROGRAMS.iter().map(PathBuf::from));
    let mut sight = Sight {
        run,
        read: own(read),
        write: own(write),
        listens: false,
    };
    sight.write.push("/dev/null".into());
    sight
}

/// What this process, and each that it starts, may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// In bytes, beyond what is mapped of files.
    pub(super) memory: u64,
    /// In bytes, files and what is only reserved included.
    pub(super) addresses: u64,
    pub(super) cpu_seconds: u64,
    /// How far the gate may raise the last one.
    pub(super) most_cpu_seconds: u64,
}

/// Takes network, other files and other processes from this one and its children, for good, and bounds what it may use.
pub(super) fn confine(sight: &Sight, bounds: Bounds) -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    let bound = |resource, current: u64, maximum: u64| {
        let limit = Rlimit {
            current: Some(current),
            maximum: Some(maximum),
        };
        setrlimit(resource, limit)
    };
    // A door's process has done so, and cannot do it again.
    let cores = getrlimit(Resource::Core).maximum;
    if cores.is_none_or(|most| most > NO_CORE) {
        bound(Resource::Core, NO_CORE, NO_CORE)?;
    }
    bound(Resource::As, bounds.addresses, bounds.addresses)?;
    bound(Resource::Data, bounds.memory, bounds.memory)?;
    bound(Resource::Cpu, bounds.cpu_seconds, bounds.most_cpu_seconds)?;
    // A kernel without Landlock is no error: there is no credential within reach, and no network to bring it out.
    let _how_much = bottle_guest::see_only(sight)?;
    let filter = filter()?;
    seccompiler::apply_filter(&filter).map_err(io::Error::other)
}

/// Kills on a call of a foreign ABI, refuses what is named, allows the rest.
fn filter() -> io::Result<BpfProgram> {
    let rules: BTreeMap<i64, Vec<seccompiler::SeccompRule>> =
        FORBIDDEN.iter().map(|call| (*call, Vec::new())).collect();
    let here = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, here).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}
