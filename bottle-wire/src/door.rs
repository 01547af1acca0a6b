//! What the sidecar's first process and its doors say to each other, over a socket pair per door.

use bottle_plan::egress::EgressPlan;
use serde::{Deserialize, Serialize};

use crate::boot::EgressBoot;
use crate::event::Event;
use crate::git_gate::GitGateBoot;
use crate::supervise::{AskAnswer, AskRequest};

/// What a door is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ToDoor {
    /// Its part of the boot frame: the first message, and only the first.
    Egress {
        /// The wall clock, in milliseconds since 1970.
        now: u64,
        /// The part.
        boot: Box<EgressBoot>,
    },
    /// The same for the git gate.
    GitGate {
        /// The wall clock, in milliseconds since 1970.
        now: u64,
        /// The part.
        boot: Box<GitGateBoot>,
    },
    /// The supervise door may open: the first message, and only the first.
    Supervise {
        /// The wall clock, in milliseconds since 1970.
        now: u64,
    },
    /// The answer to a question of the door's.
    Answer {
        /// The number that the door gave its question.
        call: u64,
        /// The answer.
        answer: Box<AskAnswer>,
    },
    /// Some question stands otherwise than before.
    Decided,
    /// Another egress policy; answered by [`FromDoor::Reloaded`] or [`FromDoor::Refused`].
    Reload {
        /// The whole policy.
        plan: Box<EgressPlan>,
    },
    /// While it is held, nothing can be recorded: every request is refused, and what is under way ends.
    Hold {
        /// Whether it is.
        held: bool,
    },
    /// Accept nothing more, give open streams a short time, and end.
    Drain,
}

/// What a door says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FromDoor {
    /// It listens.
    Listening,
    /// It cannot open, and ends.
    Failed {
        /// Why, without any secret.
        reason: String,
    },
    /// Something happened.
    Event(Event),
    /// It wants to know something, or somebody to be asked; answered by [`ToDoor::Answer`].
    Ask {
        /// A number of its own for the answer.
        call: u64,
        /// What.
        request: Box<AskRequest>,
    },
    /// The policy of the last reload is in force.
    Reloaded,
    /// The policy of the last reload is not in force, and nothing changed.
    Refused {
        /// Why.
        reason: String,
    },
}
