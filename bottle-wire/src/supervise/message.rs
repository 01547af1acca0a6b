//! What a door asks the sidecar's first process, which keeps the questions.

use serde::{Deserialize, Serialize};

use super::{AskError, Asked, Denial, LiveRoute, Proposal, QuestionId};

/// What a door asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AskRequest {
    /// Put a question, or find the one that was put before.
    Put {
        /// What is proposed.
        proposal: Box<Proposal>,
        /// Why, in the agent's own words.
        words: String,
    },
    /// How an earlier question of this door's stands.
    Check {
        /// Which.
        id: QuestionId,
    },
    /// The egress table in force.
    Routes,
    /// The last refusals.
    Denials,
    /// A line for the human, without effect.
    Notify {
        /// The agent's own words.
        words: String,
    },
}

/// The answer to one [`AskRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AskAnswer {
    /// How a question stands.
    Asked(Asked),
    /// The egress table in force.
    Routes(Vec<LiveRoute>),
    /// The last refusals, oldest first.
    Denials(Vec<Denial>),
    /// It was noted.
    Noted,
    /// It was not done.
    Refused(AskError),
}
