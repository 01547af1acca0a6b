//! What users get: the real `bottle` command, real containers, real agent programs.

mod agents_ask;
mod agents_headless;
mod agents_on_terminal;
mod answers;
mod clients;
mod coder;
mod detached;
mod failures;
mod git_gate;
mod interruption;
mod killing;
mod lifecycle;
mod own_address;
mod parallel;
mod plugin;
mod pull;
mod resume;
mod secrecy;
mod stages;
mod streams;
mod supervise;
mod terminal;
mod toolchains;
mod transparent;
mod trust;

use std::time::Duration;

/// How long a command may take that neither builds nor waits.
const QUICK: Duration = Duration::from_secs(60);
