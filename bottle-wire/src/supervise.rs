//! Questions to a human: what is proposed, what was decided, and what both sides are shown.
//!
//! A question is named by a number and by a hash over exactly what is shown. An answer names both, so that nobody
//! approves something else than what was read, nor the question of another bottle.

mod ask;
mod decision;
mod live;
mod message;
mod proposal;

pub use ask::{Ask, NobodyAnswers};
pub use decision::{Decision, GrantTime, QuestionState};
pub use live::{Denial, GrantShown, Granted, Inbox, LiveRoute, Note};
pub use message::{AskAnswer, AskRequest};
pub use proposal::{Proposal, ProposedRoute, PushFinding, PushProposal, RouteChange};

use bottle_plan::door::Door;
use bottle_plan::names::Identity;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The number of a question, which is never used twice in one bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuestionId(pub u64);

/// A hash over exactly what a human is shown of a question; hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

/// One question as it is put to a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its number.
    pub id: QuestionId,
    /// Which door asks; the supervise door asks for the agent.
    pub door: Door,
    /// Milliseconds since 1970.
    pub asked_at: u64,
    /// What is proposed: facts, settled by the trusted side.
    pub proposal: Proposal,
    /// Why, in the agent's own words. Nobody vouches for them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// The hash that an answer must name.
    pub hash: ContentHash,
}

/// What became of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The question's number.
    pub id: QuestionId,
    /// How it stands. A question that was asked before, to the letter, is not asked again.
    pub state: QuestionState,
}

/// Says why a question was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AskError {
    /// The same kind of thing was rejected several times in a row.
    #[error("questions were rejected several times in a row: no more are taken for {seconds} s")]
    Muted {
        /// How long still.
        seconds: u64,
    },
    /// Too many are open.
    #[error("{open} questions are open, and no more are taken until some are answered")]
    TooMany {
        /// How many.
        open: usize,
    },
    /// What is proposed can never be allowed by an answer.
    #[error("{0}")]
    Impossible(String),
    /// There is no such question of this door's.
    #[error("there is no question {} in this bottle", id.0)]
    Unknown {
        /// Which.
        id: QuestionId,
    },
    /// Nobody can be asked now.
    #[error("nobody can be asked: {0}")]
    Unavailable(String),
}

impl Question {
    /// Makes a question and hashes it.
    #[must_use]
    pub fn new(
        identity: &Identity,
        id: QuestionId,
        (door, asked_at): (Door, u64),
        proposal: Proposal,
        words: String,
    ) -> Self {
        let hash = ContentHash::of(identity, id, door, &proposal, &words);
        Self {
            id,
            door,
            asked_at,
            proposal,
            words,
            hash,
        }
    }

    /// Tells whether the hash is the one of what the question shows, in this bottle.
    #[must_use]
    pub fn is_genuine(&self, identity: &Identity) -> bool {
        self.hash == ContentHash::of(identity, self.id, self.door, &self.proposal, &self.words)
    }
}

impl ContentHash {
    fn of(identity: &Identity, id: QuestionId, door: Door, proposal: &Proposal, words: &str) -> Self {
        // Types of this crate always have a JSON form; if one had none, its hash would be nobody's.
        let shown = serde_json::to_vec(&(identity, id, door, proposal, words)).unwrap_or_default();
        Self(HEXLOWER.encode(&Sha256::digest(shown)))
    }

    /// Returns the hexadecimal text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ContentHash {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Display for QuestionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for QuestionId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests;
