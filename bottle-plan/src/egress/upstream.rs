//! Seams for split DNS and internal certificate authorities.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::HostName;

/// A host and port whose address is given instead of resolved, written `HOST:PORT:ADDR[:PORT]` as in curl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResolveOverride {
    /// The host as requests name it.
    pub host: HostName,
    /// The port as requests name it.
    pub port: u16,
    /// Where the connection goes instead.
    pub target: SocketAddr,
}

/// A certificate authority for one upstream host, in addition to the host's own roots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamCa {
    /// The only host that certificates of this authority are believed for.
    pub host: HostName,
    /// The host's file with one or more PEM certificates.
    pub file: std::path::PathBuf,
}

/// Says that a text is not `HOST:PORT:ADDR[:PORT]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not HOST:PORT:ADDR[:PORT], for example registry.example.com:443:192.0.2.7:8443")]
pub struct ResolveOverrideError(String);

impl std::str::FromStr for ResolveOverride {
    type Err = ResolveOverrideError;

    fn from_str(text: &str) -> Result<Self, ResolveOverrideError> {
        parse(text).ok_or_else(|| ResolveOverrideError(text.chars().take(120).collect()))
    }
}

fn parse(text: &str) -> Option<ResolveOverride> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inside) => inside.split_once("]:")?,
        None => text.split_once(':')?,
    };
    let (port, target) = rest.split_once(':')?;
    let port = parse_port(port)?;
    let target = match target.parse::<IpAddr>() {
        Ok(address) => SocketAddr::new(address, port),
        Err(_) => parse_target(target, port)?,
    };
    Some(ResolveOverride {
        host: host.parse().ok()?,
        port,
        target,
    })
}

fn parse_target(text: &str, port: u16) -> Option<SocketAddr> {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(SocketAddr::new(address.parse().ok()?, port));
    }
    let target: SocketAddr = text.parse().ok()?;
    (target.port() != 0).then_some(target)
}

fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|port| *port != 0)
}

impl TryFrom<String> for ResolveOverride {
    type Error = ResolveOverrideError;

    fn try_from(text: String) -> Result<Self, ResolveOverrideError> {
        text.parse()
    }
}

impl From<ResolveOverride> for String {
    fn from(value: ResolveOverride) -> Self {
        value.to_string()
    }
}

impl std::fmt::Display for ResolveOverride {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.host.in_authority(), self.port, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_read_as_in_curl() {
        for (text, canonical) in [
            ("a.example:443:192.0.2.7", "a.example:443:192.0.2.7:443"),
            ("A.example:443:192.0.2.7:8443", "a.example:443:192.0.2.7:8443"),
            (
                "a.example:443:[2001:db8::1]:8443",
                "a.example:443:[2001:db8::1]:8443",
            ),
            ("a.example:443:[2001:db8::1]", "a.example:443:[2001:db8::1]:443"),
            ("[2001:db8::2]:443:192.0.2.7", "[2001:db8::2]:443:192.0.2.7:443"),
        ] {
            let parsed: Result<ResolveOverride, _> = text.parse();
            assert_eq!(parsed.map(|o| o.to_string()).as_deref(), Ok(canonical), "{text}");
        }
    }

    #[test]
    fn what_is_no_override_is_refused() {
        for text in [
            "",
            "a",
            "a:443",
            "a:443:b",
            "a:0:192.0.2.7",
            "a:443:192.0.2.7:0",
            "a:+1:192.0.2.7",
            ":443:192.0.2.7",
        ] {
            assert!(text.parse::<ResolveOverride>().is_err(), "{text}");
        }
    }
}
