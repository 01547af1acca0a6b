//! What the user asked for.

use serde::{Deserialize, Serialize};

use crate::names::{Label, Name};

/// The choices made at start: by flags, by pickers, or by an embedder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartSpec {
    /// The agent.
    pub agent: Name,
    /// The bottles, merged in this order.
    pub bottles: Vec<Name>,
    /// The user's own name for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// The colour of the bottle's title and list line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// How the agent is run.
    pub mode: RunMode,
    /// The most wall-clock seconds the run may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_seconds: Option<u64>,
}

/// How the agent is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RunMode {
    /// On the user's terminal.
    Interactive,
    /// Unattended, with one prompt.
    Headless {
        /// What the agent is told to do.
        prompt: String,
    },
}

/// One of the sixteen colours of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Color {
    Black,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    White,
    BrightBlack,
    BrightRed,
    BrightGreen,
    BrightYellow,
    BrightBlue,
    BrightMagenta,
    BrightCyan,
    BrightWhite,
}
