//! What the command asks of a running sidecar, over a socket that lies in no directory a guest sees.

use bottle_plan::door::Door;
use bottle_plan::egress::EgressPlan;
use serde::{Deserialize, Serialize};

use crate::supervise::{ContentHash, Decision, Inbox, QuestionId, QuestionState};

/// One request; each gets one [`ControlAnswer`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ControlRequest {
    /// How the doors are.
    Status,
    /// The lines of the event log after a sequence number, as many as fit an answer.
    Drain {
        /// The last sequence number that the asker has; 0 for none.
        after: u64,
    },
    /// Another egress policy. It may name only slots that the boot frame filled.
    Reload {
        /// The whole policy.
        plan: Box<EgressPlan>,
    },
    /// Everything that waits for a human.
    Inbox,
    /// A human's answer to a question; given once it is in force.
    Answer {
        /// The question.
        id: QuestionId,
        /// The hash over what the human was shown.
        hash: ContentHash,
        /// The answer.
        decision: Decision,
    },
    /// End the doors and then the sidecar.
    Shutdown,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ControlAnswer {
    /// How the doors are.
    Status(Status),
    /// Lines of the event log.
    Events {
        /// Whole lines without their ends, oldest first.
        lines: Vec<String>,
        /// Whether there are more.
        more: bool,
    },
    /// Everything that waits for a human.
    Inbox(Box<Inbox>),
    /// The answer is on record, and this is how the question stands.
    Answered(QuestionState),
    /// It was done.
    Done,
    /// It was not done, and nothing changed.
    Refused {
        /// Why.
        reason: String,
    },
}

/// How a sidecar is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The version of the sidecar's build.
    pub version: String,
    /// Whether a boot frame has arrived since it was started.
    pub booted: bool,
    /// Each door that the boot frame asked for.
    pub doors: Vec<DoorStatus>,
    /// Events lost because the log was full.
    pub events_lost: u64,
}

/// How one door is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorStatus {
    /// Which.
    pub door: Door,
    /// Whether its process runs.
    pub running: bool,
    /// How often it was started again.
    pub restarts: u32,
}
