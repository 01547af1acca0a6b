//! What a question proposes, settled by the trusted side.

use bottle_plan::egress::{HostName, RouteMatch};
use serde::{Deserialize, Serialize};

/// What a question proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Proposal {
    /// Other egress routes.
    Routes(RouteChange),
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
