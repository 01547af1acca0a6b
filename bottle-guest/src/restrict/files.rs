//! Landlock: where nothing may be written, whatever the mounts and the files' owners say.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr,
};

/// The rights of the newest kernel that this program was tried on; an older one keeps those that it knows.
const KNOWN: ABI = ABI::V5;

/// Where a process may write.
pub(crate) struct WriteOnlyIn<'a>(pub(crate) &'a [String]);

/// Locks this process and its children out of writing elsewhere. A kernel without Landlock does nothing: the mounts
/// are the first wall.
pub(crate) fn lock_files(writable: &WriteOnlyIn<'_>) -> io::Result<()> {
    let locked = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN));
    let locked = locked.and_then(Ruleset::create).map_err(io::Error::other)?;
    let mut locked = locked
        .add_rule(rule("/", AccessFs::from_read(KNOWN))?)
        .map_err(io::Error::other)?;
    for path in writable.0 {
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
