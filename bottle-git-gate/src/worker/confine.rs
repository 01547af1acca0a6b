//! What the worker gives up before it reads a byte of the guest's.

use std::collections::BTreeMap;
use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

use crate::limits::WORKER_MEMORY;

/// Calls that reach other machines and other processes.
const FORBIDDEN: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
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

/// Takes network and other processes from this one and its children, for good, and bounds what it may use.
pub(super) fn confine(cpu_seconds: Option<u64>) -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    let bound = |resource, most: u64| {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit)
    };
    // A door's process has done so, and cannot do it again.
    let cores = getrlimit(Resource::Core).maximum;
    if cores.is_none_or(|most| most > NO_CORE) {
        bound(Resource::Core, NO_CORE)?;
    }
    bound(Resource::As, WORKER_MEMORY)?;
    if let Some(seconds) = cpu_seconds {
        bound(Resource::Cpu, seconds)?;
    }
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
