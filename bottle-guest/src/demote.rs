//! Becoming a user for good, in a guest that is a machine.
//!
//! There whoever starts a program is root, and nothing is around it but the machine: what a program may not do to the
//! machine is given up here.

use std::io;

use rustix::process::{DumpableBehavior, Gid, Uid};
use rustix::thread::CapabilitySet;

use crate::restrict::{Filters, empty_bounding_set, keep_capabilities, limit};
use crate::spec::{Limits, User};

/// Makes this thread a user's, with no further groups and no way back: no capability, none to be had from a program, and
/// only the calls that programs of a guest may make. Even root is no more than the owner of its files then.
///
/// # Errors
///
/// What the system says; this thread may then be half of what it should be, and is to end.
pub fn demote(user: User) -> io::Result<()> {
    let filters = Filters::compile()?;
    empty_bounding_set(CapabilitySet::empty())?;
    rustix::thread::set_thread_groups(&[])?;
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    keep_capabilities(CapabilitySet::empty())?;
    rustix::thread::set_no_new_privs(true)?;
    filters.enforce()
}

/// The same for a command, which has limits.
///
/// # Errors
///
/// As of [`demote`].
pub fn demote_command(user: User, limits: &Limits) -> io::Result<()> {
    limit(limits)?;
    demote(user)
}
