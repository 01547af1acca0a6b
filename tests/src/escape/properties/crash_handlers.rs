//! A program that crashes starts nothing on the host.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[Attempt::new(
    "have the host's handler of crashes run",
    &["crash-handler"],
)];
