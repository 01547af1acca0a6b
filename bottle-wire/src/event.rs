//! What doors report: one typed event per decision, with the rule and never the secret.

use bottle_plan::door::Door;
use serde::{Deserialize, Serialize};

use crate::git_gate::GitEvent;
use crate::supervise::{Decision, Question, QuestionId};

/// One event of one door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Milliseconds since 1970.
    pub time: u64,
    /// Which door.
    pub door: Door,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// A request was decided, and, when it was allowed, ended.
    Request(RequestEvent),
    /// The git gate decided an operation on a repository.
    Git(GitEvent),
    /// A door's process began to listen.
    Opened,
    /// A door's process ended and will be started again.
    Crashed {
        /// How it ended, in words.
        how: String,
    },
    /// Another policy is in force.
    Reloaded {
        /// How many routes it has.
        routes: usize,
    },
    /// A question was put to the human.
    Asked(Box<Question>),
    /// A human answered a question.
    Answered {
        /// Which.
        id: QuestionId,
        /// The answer.
        decision: Box<Decision>,
    },
    /// What was approved is in force.
    Applied {
        /// The question.
        id: QuestionId,
        /// Milliseconds since 1970; none for as long as the bottle lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<u64>,
    },
    /// What was approved could not be put in force, and nothing changed.
    NotApplied {
        /// The question.
        id: QuestionId,
        /// Why.
        reason: String,
    },
    /// A question was not answered in time, or what was approved is no longer in force.
    Expired {
        /// The question.
        id: QuestionId,
    },
    /// A refusal that was recorded before was repeated to the letter.
    Repeated {
        /// The sequence number of the line that has it.
        of: u64,
        /// How often it was repeated since that line, or since the last one like this.
        count: u64,
    },
    /// Events before this one are missing: the log was full or could not be written. Nothing among them was allowed
    /// after it was known to be full.
    Lost {
        /// How many.
        count: u64,
    },
}

/// A request that egress decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestEvent {
    /// The host as the request named it, cut to what a host may be.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The method; `CONNECT` when it was refused before there was a request.
    pub method: String,
    /// The canonical path, query values and anything that looks like a credential taken out.
    pub path: String,
    /// What was decided.
    pub verdict: Verdict,
    /// The rule that decided: the pattern of the route, or the name of the refusal.
    pub rule: String,
    /// The status that the guest got; none when the connection ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Body bytes that went up.
    #[serde(default)]
    pub sent: u64,
    /// Body bytes that came down.
    #[serde(default)]
    pub received: u64,
    /// From the request's head to the answer's end.
    #[serde(default)]
    pub milliseconds: u64,
    /// Header fields of the request, credentials taken out; only where the bottle asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
}

/// What was decided about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was sent on.
    Allowed,
    /// It was not.
    Refused,
    /// It was allowed, and the upstream could not be reached or broke off.
    Failed,
}
