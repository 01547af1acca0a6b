//! What the human and the agent are shown of a running bottle.

use bottle_plan::egress::{HostName, HostPattern, RouteMatch};
use serde::{Deserialize, Serialize};

use super::{Question, QuestionId};

/// Everything that waits for the human in one bottle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// The open questions, oldest first.
    pub questions: Vec<Question>,
    /// Questions that were not taken since the last answer, because there were too many.
    #[serde(default)]
    pub refused: u64,
    /// Until when questions are not taken, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<u64>,
    /// What the agent wanted to be known, oldest first.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Notes that were dropped, because there were too many.
    #[serde(default)]
    pub notes_dropped: u64,
    /// What is in force because somebody approved it.
    #[serde(default)]
    pub grants: Vec<GrantShown>,
    /// The egress table in force.
    #[serde(default)]
    pub routes: Vec<LiveRoute>,
}

/// A line from the agent, without effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Milliseconds since 1970.
    pub time: u64,
    /// The agent's own words. Nobody vouches for them.
    pub words: String,
}

/// Something that holds because it was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantShown {
    /// The question.
    pub id: QuestionId,
    /// What it lets pass.
    pub granted: Granted,
    /// Milliseconds since 1970; none for as long as the bottle lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// What an approval lets pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Granted {
    /// Requests to these hosts.
    Hosts(Vec<HostName>),
    /// One push to this repository.
    Push(String),
}

/// A route of the table in force, without anything about where its credential comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveRoute {
    /// The hosts.
    pub host: HostPattern,
    /// The ports.
    pub ports: Vec<u16>,
    /// Whether a credential is added outside.
    pub credential: bool,
    /// What of the host is allowed; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<RouteMatch>,
    /// Whether git may clone and fetch.
    pub git_fetch: bool,
}

/// A refusal, as the agent may be told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// Its number in the event log.
    pub id: u64,
    /// Milliseconds since 1970.
    pub time: u64,
    /// The host as the request named it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The method.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The rule that said no.
    pub rule: String,
}
