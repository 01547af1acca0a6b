//! The scripted part of a turn.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

/// A call of one of the tools that the program declares.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolCall {
    /// A command for whatever the program runs commands with.
    Shell {
        /// The command line.
        command: String,
    },
    /// A tool by its name, for instance one of an MCP server.
    Named {
        /// Its name as declared.
        name: String,
        /// Its arguments.
        input: Value,
    },
}

impl ToolCall {
    /// A command for whatever the program runs commands with.
    #[must_use]
    pub fn shell(command: &str) -> Self {
        Self::Shell {
            command: command.to_owned(),
        }
    }
}

/// Names for messages and calls, each used once.
#[derive(Debug, Default)]
pub(super) struct Ids {
    last: AtomicU64,
}

impl Ids {
    pub(super) fn next(&self, prefix: &str) -> String {
        format!("{prefix}_{:024}", self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
