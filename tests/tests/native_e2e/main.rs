//! What users without an engine get: the real `bottle` command, namespaces, real agent programs.

mod agents;
mod agents_ask;
mod defaults;
mod git_gate;
mod images;
mod killing;
mod toolchains;
mod transparent;

use std::time::Duration;

/// How long a command may take; nothing is built here.
const QUICK: Duration = Duration::from_secs(90);
