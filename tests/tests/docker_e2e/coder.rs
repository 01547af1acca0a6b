//! A real agent program in a bottle, and how long its image takes.

use std::time::Duration;

pub(crate) use bottle_tests::harness::{Coder, Program};

/// How long a start may take that builds the program's image first.
pub(crate) const WITH_BUILD: Duration = Duration::from_secs(580);
