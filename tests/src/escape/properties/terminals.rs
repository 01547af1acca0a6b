//! The agent types into no terminal and changes nothing of how the kernel treats it.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("type into a terminal", &["type"]),
    Attempt::new("type with a wider request", &["type-wide"]),
    Attempt::new("paste a selection", &["paste"]),
    Attempt::new("choose a line discipline", &["discipline", "0"]),
    Attempt::new("choose one of a modem", &["discipline", "21"]),
    Attempt::new("choose one of a network", &["discipline", "3"]),
];
