//! What the host's programs use at the same time is not one object with what the guest sees.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("attach the host's shared memory", &["shared-memory", "{segment}"]),
    Attempt::new("watch who uses a file of the host's", &["watch", "{shown-file}"]),
    Attempt::new(
        "hold the lock that a program of the host's waits for",
        &["lock", "{shown-file}"],
    ),
];
