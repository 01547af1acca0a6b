//! The egress policy as data: which requests may leave, and what happens to their credentials.

mod host;
mod matching;
mod pattern;
mod route;
mod upstream;

pub use host::{HostName, HostPattern, HostPatternError};
pub use matching::{HeaderMatch, Method, PathMatch, RouteMatch, TokenError, ValueMatch};
pub use pattern::{MAX_PATTERN_BYTES, PatternError, whole_match};
pub use route::{
    AuthScheme, Detectors, Dlp, GitAccess, GuestAuth, InboundDetector, OnMatch, OutboundDetector, Route,
    RouteAuth, RouteLimits, RouteOwner, WebSocketRule,
};
pub use upstream::{ResolveOverride, ResolveOverrideError, UpstreamCa};

use serde::{Deserialize, Serialize};

/// Everything that the egress door decides by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressPlan {
    /// How much each event says.
    #[serde(default)]
    pub log: LogDetail,
    /// Whether programs that know no proxy find a way through the door.
    #[serde(default, skip_serializing_if = "TransparentMode::is_on")]
    pub transparent: TransparentMode,
    /// The allowlist. No two routes have the same host pattern.
    pub routes: Vec<Route>,
    /// Host and port pairs whose address is given instead of resolved; lifts the address check for exactly them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolve: Vec<ResolveOverride>,
    /// Extra certificate authorities, each for one upstream host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream_ca: Vec<UpstreamCa>,
}

/// Whether the guest's own resolver names the hosts that routes are for, so that programs which read no proxy variable
/// reach them. It adds a way, and no host: the door decides as ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransparentMode {
    /// Names of routes resolve inside the guest, all others do not.
    #[default]
    On,
    /// No name resolves.
    Off,
}

impl TransparentMode {
    /// Tells whether names resolve.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        matches!(self, Self::On)
    }
}

/// How much an event says about a request. The decision itself is always recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogDetail {
    /// Decisions only (`egress.log: 0`).
    #[default]
    Decisions,
    /// Headers too, redacted (`1`).
    Headers,
    /// Headers and bodies, redacted (`2`).
    Bodies,
}
