//! What users with smolvm get: the real `bottle` command, microVMs, a real agent program.

mod agents;
mod killing;
mod starts;

use std::time::Duration;

/// How long anything may take: in an emulated host a machine starts in half a minute.
const LIMIT: Duration = Duration::from_secs(400);
