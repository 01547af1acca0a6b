//! What every process of a guest gives up, in the order in which it can be given up.

mod calls;
mod files;

pub(crate) use calls::Filters;
pub use calls::allowed_calls;
pub(crate) use files::{Within, lock_in};

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::spec::Limits;

/// One past the last capability that any kernel knows.
const CAPABILITIES: u32 = 64;

/// Keeps a program from bringing any capability but these.
pub(crate) fn empty_bounding_set(kept: CapabilitySet) -> io::Result<()> {
    for number in 0..CAPABILITIES {
        let one = CapabilitySet::from_bits_retain(1 << number);
        if kept.contains(one) {
            continue;
        }
        match rustix::thread::remove_capability_from_bounding_set(one) {
            Ok(()) => {}
            // Past the last one that this kernel knows.
            Err(rustix::io::Errno::INVAL) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Keeps some capabilities and gives all others up.
pub(crate) fn keep_capabilities(kept: CapabilitySet) -> io::Result<()> {
    rustix::thread::clear_ambient_capability_set()?;
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    Ok(rustix::thread::set_capabilities(None, sets)?)
}

/// Cores of this size are not written, and handed to no program of the host's either: of none they are (core(5)).
const NO_CORE: u64 = 1;

/// Sets the limits of an agent's process, so that none can be raised again.
pub(crate) fn limit(limits: &Limits) -> io::Result<()> {
    let mut all = vec![
        (Resource::Core, NO_CORE),
        (Resource::Nproc, limits.processes),
        (Resource::Nofile, limits.open_files),
    ];
    all.extend(limits.memory.map(|bytes| (Resource::Data, bytes)));
    all.into_iter()
        .try_for_each(|(resource, most)| set_limit(resource, most))
}

/// Sets the limit that a namespace of users keeps from whoever makes it.
pub(crate) fn limit_processes(limits: &Limits) -> io::Result<()> {
    set_limit(Resource::Nproc, limits.processes)
}

fn set_limit(resource: Resource, most: u64) -> io::Result<()> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let most = Some(hard.map_or(most, |hard| hard.min(most)));
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    Ok(setrlimit(resource, limit)?)
}
