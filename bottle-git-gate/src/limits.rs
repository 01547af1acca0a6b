//! Every bound of the gate, in one place. `docs/limits.md` says in words what happens at each.

use std::time::Duration;

/// The most connections at a time; further ones wait to be accepted.
pub const CONNECTIONS: usize = 64;
/// How long a client may take over a request's head, or over each piece of its body, or over taking a piece of an
/// answer.
pub const CLIENT_SILENCE: Duration = Duration::from_secs(14);
/// The most bytes of a request for reading, unpacked.
pub const READ_REQUEST_BYTES: usize = 16 << 20;
/// The most bytes of the commands before a pushed pack.
pub const PUSH_HEAD_BYTES: usize = 1 << 20;
/// The most refs of one push.
pub const PUSH_REFS: usize = 256;
/// The most push options of one push.
pub const PUSH_OPTIONS: usize = 32;
/// The most bytes of a pushed pack.
pub const PACK_BYTES: u64 = 2 << 30;
/// The longest name of a ref, in bytes.
pub const REF_BYTES: usize = 512;

/// How long an upstream may be silent. While its own hooks run it is not: git says every five seconds that it lives.
pub const UPSTREAM_SILENCE: Duration = Duration::from_secs(14);
/// How long a connection over ssh is kept that nobody uses.
pub const CONNECTION_IDLE: Duration = Duration::from_secs(60);
/// How long is waited for it before a call connects by itself.
pub const CONNECTION_WAIT: Duration = Duration::from_secs(1);
/// The longest fetch from an upstream.
pub const FETCH_TIME: Duration = Duration::from_secs(3600);
/// How long a client's later requests may lean on the refresh that its first one waited for.
pub const FRESH: Duration = Duration::from_secs(10);
/// The longest time that git may serve one read.
pub const READ_TIME: Duration = Duration::from_secs(3600);
/// The longest time that unpacking and examining one push may take.
pub const EXAMINE_TIME: Duration = Duration::from_secs(600);
/// The processor seconds that unpacking a pack of so many bytes may take: honest ones take less than half of it, and a
/// small pack that unfolds into a large one is given up soon.
#[must_use]
pub const fn unpack_seconds(bytes: u64) -> u64 {
    3 + (bytes >> 20)
}
/// The processor seconds that each process which reads the new objects of such a pack may take; other scanners read a
/// few megabytes a second.
#[must_use]
pub const fn examine_seconds(bytes: u64, has_other_scanners: bool) -> u64 {
    let seconds = 8 + (bytes >> 20);
    if has_other_scanners { seconds * 4 } else { seconds }
}
/// The memory of the process that unpacks a push, in bytes, beyond what it maps of files.
pub const UNPACK_MEMORY: u64 = 768 << 20;
/// The same of each process that examines it: two of them may need much at a time, what lists and what reads objects.
pub const EXAMINE_MEMORY: u64 = UNPACK_MEMORY / 2;
/// The addresses of each of them, files included.
pub const WORKER_ADDRESSES: u64 = 4 << 30;
/// The same where other scanners read too, which reserve gigabytes that they never touch.
pub const SCANNER_ADDRESSES: u64 = 64 << 30;
/// The memory that another scanner is asked to keep to, out of what it may take.
pub const SCANNER_HEAP: u64 = EXAMINE_MEMORY / 4 * 3;
/// The most bytes that another scanner may print.
pub const SCANNER_OUTPUT: u64 = 16 << 20;
/// The most threads that unpack one push.
pub const UNPACK_THREADS: u8 = 2;

/// The most bytes of all that a gate keeps: mirrors, and pushes that are under way.
pub const MIRRORS_BYTES: u64 = 64 << 30;

/// With more packs in a mirror than these, small ones are put together.
pub const PACKS: usize = 20;

/// The most reads that git serves at a time.
pub const READS: usize = 16;
/// The most pushes that are unpacked and scanned at a time; further ones wait their turn.
pub const PUSHES: usize = 2;
/// The most pushes that are under way or wait.
pub const PUSHES_WAITING: usize = 32;

/// The most bytes that are kept of what git prints.
pub const CHILD_OUTPUT: usize = 64 << 20;
/// The most bytes that are kept of git's complaints.
pub const CHILD_ERRORS: usize = 64 << 10;
/// The most findings that one push reports.
pub const FINDINGS: usize = 50;
/// The most changed CI files that one push reports.
pub const CI_FILES: usize = 50;
/// The longest object whose lines are looked at for an inline comment, in bytes.
pub const LINE_OBJECT_BYTES: usize = 8 << 20;
/// The most commits that a push's changes are compared with.
pub const BASES: usize = 16;
/// The most files of a pushed tree, however few objects they share.
pub const TREE_FILES: usize = 1_000_000;
/// The longest path in a pushed tree, in bytes.
pub const PATH_BYTES: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::{EXAMINE_MEMORY, PUSHES, UNPACK_MEMORY};

    #[test]
    fn pushes_fit_into_what_a_container_of_the_gate_may_take() {
        // `MEMORY_WITH_GIT` in bottle-backend-docker; a fifth is for the doors, git's reads and its fetches.
        const CONTAINER: u64 = 2 << 30;
        let at_once = UNPACK_MEMORY.max(2 * EXAMINE_MEMORY) * PUSHES as u64;
        assert!(at_once <= CONTAINER / 5 * 4);
    }
}
