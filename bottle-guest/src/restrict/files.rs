//! Landlock: where nothing may be written, whatever the mounts and the files' owners say, and who cannot be signalled.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, Scope,
};

/// The rights of the newest kernel that this program was tried on; an older one keeps those that it knows.
const KNOWN: ABI = ABI::V5;

/// What a process may do to files and to other processes.
pub(crate) struct Within<'a> {
    /// Where it may write.
    pub(crate) writable: &'a [String],
    /// Whether what looks after it is another user's, whom it cannot signal anyway. Else it may signal what it has
    /// started itself, and nobody else.
    pub(crate) watched_by_another: bool,
}

/// Locks this process and its children in. A kernel without Landlock does nothing about files, where the mounts are the
/// first wall; one before 6.12 does nothing about signals.
pub(crate) fn lock_in(within: &Within<'_>) -> io::Result<()> {
    let locked = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))
        .and_then(|locked| match within.watched_by_another {
            true => Ok(locked),
            false => locked.scope(Scope::Signal),
        });
    let locked = locked.and_then(Ruleset::create).map_err(io::Error::other)?;
    let mut locked = locked
        .add_rule(rule("/", AccessFs::from_read(KNOWN))?)
        .map_err(io::Error::other)?;
    for path in within.writable {
        if Path::new(path).exists() {
            let all = rule(path, AccessFs::from_all(KNOWN))?;
            locked = locked.add_rule(all).map_err(io::Error::other)?;
        }
    }
    locked.restrict_self().map(drop).map_err(io::Error::other)
}

fn rule(path: &str, access: BitFlags<AccessFs>) -> io::Result<PathBeneath<PathFd>> {
    let path = PathFd::new(path).map_err(io::Error::other)?;
    Ok(PathBeneath::new(path, access))
}
