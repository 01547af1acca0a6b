//! What a guest may use where its bottle says nothing.

use bottle_plan::workspace::Resources;

/// Processes and threads of a guest whose bottle says nothing.
const DEFAULT_PROCESSES: u64 = 4096;

/// Returns the most processes and threads of a guest's agent.
#[must_use]
pub fn processes(resources: &Resources) -> u64 {
    resources.pids.map_or(DEFAULT_PROCESSES, u64::from)
}
