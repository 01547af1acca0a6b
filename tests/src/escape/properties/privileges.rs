//! The agent has no privilege and gets none.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("become root", &["root"]),
    Attempt::new("run a program that becomes root", &["set-id", "/usr/bin/su"]),
    Attempt::new("take the capability of administrators", &["capability", "21"]),
    Attempt::new("take the capability to trace", &["capability", "19"]),
    Attempt::new("take the capability over files", &["capability", "1"]),
    Attempt::new("take the capability over networks", &["capability", "12"]),
    Attempt::new("take the capability to make devices", &["capability", "27"]),
    Attempt::new("take the capability over modules", &["capability", "16"]),
    Attempt::new("take the capability to become others", &["capability", "7"]),
];
