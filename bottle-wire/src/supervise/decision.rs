//! What a human decided, and what the asker hears of it.

use serde::{Deserialize, Serialize};

use super::Proposal;

/// A human's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Decision {
    /// Exactly what was shown.
    Approve {
        /// For how long.
        time: GrantTime,
        /// Why; shown to the asker.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        notes: String,
    },
    /// Something else in its place.
    Modify {
        /// What instead.
        proposal: Box<Proposal>,
        /// For how long.
        time: GrantTime,
        /// Why; shown to the asker.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        notes: String,
    },
    /// No.
    Reject {
        /// Why; shown to the asker.
        reason: String,
    },
}

/// How long what was approved holds. Never longer than the bottle lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum GrantTime {
    /// Until the first use has ended.
    Once,
    /// So many minutes.
    Minutes(u32),
    /// As long as the bottle lives.
    Bottle,
}

/// How a question stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum QuestionState {
    /// Nobody has answered, or what was approved is being applied.
    Pending,
    /// It was approved and is in force.
    Approved {
        /// Milliseconds since 1970; none for as long as the bottle lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<u64>,
        /// The human's words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        notes: String,
    },
    /// Something else was approved in its place, and is in force.
    Modified {
        /// What.
        proposal: Box<Proposal>,
        /// Milliseconds since 1970; none for as long as the bottle lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<u64>,
        /// The human's words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        notes: String,
    },
    /// It was rejected.
    Rejected {
        /// The human's words.
        reason: String,
    },
    /// It was approved and could not be put in force; nothing changed.
    Failed {
        /// Why.
        reason: String,
    },
    /// What was approved has ended.
    Ended,
    /// Nobody answered in time.
    Unanswered,
}

impl QuestionState {
    /// Tells whether an answer is still to come.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }
}
