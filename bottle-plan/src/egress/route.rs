//! One route: a host and everything that is said about it.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{HostPattern, RouteMatch};
use crate::names::TokenSlot;
use crate::size::ByteSize;

/// What may be sent to a host, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The hosts that the route covers.
    pub host: HostPattern,
    /// The TCP ports that may be reached, ascending, without repeats.
    pub ports: Vec<u16>,
    /// The credential that is added outside the guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<RouteAuth>,
    /// What of the host is allowed; empty means all of it. Entries are OR-ed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<RouteMatch>,
    /// Git over HTTPS.
    #[serde(default)]
    pub git: GitAccess,
    /// Which detectors look at the traffic, and what a hit does.
    #[serde(default)]
    pub dlp: Dlp,
    /// What becomes of credentials that the guest sends itself.
    #[serde(default)]
    pub guest_auth: GuestAuth,
    /// Whether a WebSocket may be opened.
    #[serde(default)]
    pub websocket: WebSocketRule,
    /// Addresses that the route may reach although they are not globally reachable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpNet>,
    /// Bounds on what is sent.
    #[serde(default)]
    pub limits: RouteLimits,
    /// Who asked for the route.
    pub owner: RouteOwner,
}

/// A credential by reference, and the shape it is sent in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteAuth {
    /// How the credential is written into the request.
    pub scheme: AuthScheme,
    /// Where the boot frame holds the value.
    pub slot: TokenSlot,
}

/// How a credential is written into a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AuthScheme {
    /// `Authorization: Bearer <value>` (RFC 6750).
    Bearer,
    /// `Authorization: token <value>`, as forges accept it.
    Token,
    /// `Authorization: Basic <base64 of value>`; the value is `user:password` (RFC 7617).
    Basic,
    /// The value alone in a header field of this lower-case name.
    Header(String),
}

/// Git over HTTPS on this host. Pushing is never possible here: that is the git gate's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GitAccess {
    /// Clone and fetch are allowed.
    pub fetch: bool,
    /// Writes through a forge's API are allowed, although they go round the git gate.
    pub api_write: bool,
}

/// What looks at the traffic, and what a hit does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dlp {
    /// Detectors over requests.
    pub outbound: Detectors<OutboundDetector>,
    /// Detectors over responses.
    pub inbound: Detectors<InboundDetector>,
    /// What an outbound hit does.
    pub on_match: OnMatch,
}

/// The detectors of one direction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detectors<D> {
    /// Whatever this version looks for by itself.
    #[default]
    Standard,
    /// None (`false` in the user's file).
    Off,
    /// Exactly these.
    Only(Vec<D>),
}

/// A detector over requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboundDetector {
    /// Vendors' token formats.
    TokenPatterns,
    /// The bottle's own secrets.
    KnownSecrets,
    /// Strings that look random.
    Entropy,
}

/// A detector over responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundDetector {
    /// Text that tries to instruct the agent.
    PromptInjection,
}

/// What an outbound hit does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnMatch {
    /// Refuse the request.
    Block,
    /// Remove what was found and send the rest.
    Redact,
    /// Ask a human.
    #[default]
    Supervise,
}

/// What becomes of credentials that the guest sends itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuestAuth {
    /// All of them are removed.
    #[default]
    Strip,
    /// They are sent on.
    Pass,
}

/// Whether a WebSocket may be opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebSocketRule {
    /// A verified upgrade is relayed.
    #[default]
    Allow,
    /// An upgrade is answered with 426 at once, so that clients fall back.
    Deny,
}

/// Bounds on what a route lets out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteLimits {
    /// The largest request body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<ByteSize>,
    /// The most requests in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
}

/// Who asked for a route. A provider's route wins over the manifest's for the same host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteOwner {
    /// A bottle file.
    Manifest,
    /// The agent's provider.
    Provider,
}

impl Route {
    /// Makes a route to everything on a host's port 443, without a credential.
    #[must_use]
    pub fn to(host: HostPattern, owner: RouteOwner) -> Self {
        Self {
            host,
            ports: vec![443],
            auth: None,
            matches: Vec::new(),
            git: GitAccess::default(),
            dlp: Dlp::default(),
            guest_auth: GuestAuth::default(),
            websocket: WebSocketRule::default(),
            addresses: Vec::new(),
            limits: RouteLimits::default(),
            owner,
        }
    }
}
