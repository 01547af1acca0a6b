//! What a question proposes, settled by the trusted side.

use bottle_plan::egress::{HostName, RouteMatch};
use serde::{Deserialize, Serialize};

use crate::git_gate::RefChange;

/// What a question proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Proposal {
    /// Other egress routes.
    Routes(RouteChange),
    /// A push that does not pass by itself.
    Push(PushProposal),
}

/// Routes to add and to take away. It cannot say anything about a credential, a port or a detector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteChange {
    /// Hosts that no route covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<ProposedRoute>,
    /// Hosts whose route goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<HostName>,
    /// How long the agent would like to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
}

/// A route without a credential: TLS on port 443 of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedRoute {
    /// The host, settled: A-labels, lower case.
    pub host: HostName,
    /// What of the host; none means all of it. Entries are OR-ed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<RouteMatch>,
}

/// A push that a human may let pass: exactly this one, since the new objects name all content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushProposal {
    /// The repository.
    pub repo: String,
    /// Which refs move from where to where.
    pub refs: Vec<RefChange>,
    /// Changed files that make somebody's machine run something. The agent chose their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ci_files: Vec<String>,
    /// Secrets beside a comment that says to ignore them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<PushFinding>,
}

/// A secret in what is pushed; the value is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushFinding {
    /// The rule that found it.
    pub rule: String,
    /// The file, or what else it is in. The agent chose the name.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The commit that brings it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What of the value may be shown.
    pub masked: String,
    /// The line around it, every value in it masked; empty where there is none to show. The agent's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}
