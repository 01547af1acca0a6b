//! What the sidecar needs to open its doors.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bottle_plan::egress::{EgressPlan, HostName};
use bottle_plan::names::{Identity, TokenSlot};
use bottle_util::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::git_gate::GitGateBoot;

/// The sidecar's part of a plan, with the secrets that its doors need.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// Whose sidecar it is.
    pub identity: Identity,
    /// The wall clock of the host when the frame was written, in seconds since 1970; certificates are dated by it.
    pub now: u64,
    /// The key of the event chain, which the sidecar forgets never and the guest sees never.
    pub chain_key: WireSecret,
    /// The egress door.
    pub egress: EgressBoot,
    /// The git gate; none for a bottle without repositories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_gate: Option<GitGateBoot>,
    /// Whether the agent may ask: the supervise door, which needs nothing else.
    #[serde(default)]
    pub supervise: bool,
}

/// What the egress door needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressBoot {
    /// The policy.
    pub plan: EgressPlan,
    /// The value of each slot that the policy's routes name.
    pub tokens: BTreeMap<TokenSlot, WireSecret>,
    /// The bottle's certificate authority.
    pub authority: Authority,
    /// The host's root store: DER certificates in base64.
    pub roots: Vec<Base64>,
    /// Further authorities, each believed for one upstream host only.
    pub upstream_roots: Vec<UpstreamRoots>,
    /// The host's own addresses, which no route reaches unless it names them.
    pub host_addresses: Vec<IpAddr>,
}

/// A certificate authority with its private key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// The certificate, PEM.
    pub certificate: String,
    /// The private key, PKCS #8 in PEM.
    pub key: WireSecret,
}

/// Authorities that are believed for one upstream host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamRoots {
    /// The host.
    pub host: HostName,
    /// DER certificates in base64.
    pub certificates: Vec<Base64>,
}

/// Bytes that travel as base64 text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

/// A secret that may travel over a pipe. Only messages of this crate serialise one.
#[derive(Debug, Clone)]
pub struct WireSecret(pub Secret);

impl Serialize for WireSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for WireSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::from(text)))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = data_encoding::BASE64.decode(text.as_bytes());
        bytes
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not base64"))
    }
}

/// What the sidecar answers once every door listens, or instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum BootAnswer {
    /// Every door listens.
    Ready {
        /// The version of the sidecar's build.
        version: String,
    },
    /// No door listens.
    Failed {
        /// Which door, or `init`.
        part: String,
        /// What went wrong, without any secret.
        reason: String,
    },
}
