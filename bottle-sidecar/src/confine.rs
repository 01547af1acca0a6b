//! What the trusted processes give up before they hold a secret.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use crate::kernel;

/// The user of the first door in [`bottle_plan::door::Door::ALL`]; each further one has the next number.
pub(crate) const FIRST_DOOR_UID: u32 = 64010;

/// Makes this process unreadable to others of its user, unable to gain privileges, and without core dumps.
///
/// # Errors
///
/// What the system says; nothing secret may be read then.
pub(crate) fn confine() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    let none = Some(0);
    setrlimit(
        Resource::Core,
        Rlimit {
            current: none,
            maximum: none,
        },
    )?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // What an engine or a caller left open is neither ours nor the doors'.
    kernel::close_on_exec_from(3)
}

/// Raises the soft limit of open descriptors to the hard one. Where that fails, the old limit serves fewer.
pub(crate) fn raise_descriptor_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    let _unchanged = setrlimit(Resource::Nofile, limit);
}
