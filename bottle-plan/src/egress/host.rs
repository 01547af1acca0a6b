//! Host names and patterns: the one place where a host's spelling is settled.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A host that a request names: a lower-case A-label name, or an IP address in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName {
    text: String,
    address: Option<IpAddr>,
}

/// What a route's `host` covers: one host exactly, or every name below a domain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HostPattern {
    /// One host.
    Exact(HostName),
    /// `*.domain`: one or more labels below the domain, never the domain itself.
    Below(HostName),
}

/// Says why a text is not a host or a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostPatternError {
    /// Not a DNS name after IDNA processing, nor an address.
    #[error("{0:?} is not a host name")]
    NotAHost(String),
    /// An IPv4 address spelled in a way that programs read differently.
    #[error("{0:?} looks like a number, not a host: write an address as four decimal numbers")]
    OddAddress(String),
    /// A star anywhere but as the whole first label.
    #[error("{0:?}: a wildcard is the whole first label, as in *.example.com")]
    Star(String),
    /// A wildcard over a suffix under which anyone can register.
    #[error("{0:?}: anyone can register a name below {1:?}")]
    PublicSuffix(String, String),
}

impl HostName {
    /// Returns the canonical text, without brackets around an IPv6 address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the address when the host is an IP literal.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Returns the host as it stands in a URL or a `Host` field: IPv6 addresses in brackets.
    #[must_use]
    pub fn in_authority(&self) -> String {
        match self.address {
            Some(IpAddr::V6(_)) => format!("[{}]", self.text),
            _ => self.text.clone(),
        }
    }
}

impl HostPattern {
    /// Tells whether a host, in canonical form, falls under the pattern.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name.as_str() == host,
            Self::Below(domain) => host
                .strip_suffix(domain.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|labels| !labels.is_empty()),
        }
    }

    /// Returns how specific the pattern is; of two patterns that cover one host the higher one decides.
    #[must_use]
    pub fn specificity(&self) -> (bool, usize) {
        match self {
            Self::Exact(name) => (true, name.as_str().len()),
            Self::Below(domain) => (false, domain.as_str().len()),
        }
    }

    /// Returns the host when the pattern covers exactly one.
    #[must_use]
    pub fn exact(&self) -> Option<&HostName> {
        match self {
            Self::Exact(name) => Some(name),
            Self::Below(_) => None,
        }
    }
}

impl std::str::FromStr for HostName {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        let not_a_host = || HostPatternError::NotAHost(text.chars().take(80).collect());
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(inside) = bare.or_else(|| text.contains(':').then_some(text)) {
            let address: std::net::Ipv6Addr = inside.parse().map_err(|_| not_a_host())?;
            return Ok(Self {
                text: address.to_string(),
                address: Some(address.into()),
            });
        }
        let ascii = to_ascii(text).ok_or_else(not_a_host)?;
        if is_numeric(&ascii) {
            let address: std::net::Ipv4Addr = ascii
                .parse()
                .map_err(|_| HostPatternError::OddAddress(ascii.clone()))?;
            return Ok(Self {
                text: ascii,
                address: Some(address.into()),
            });
        }
        Ok(Self {
            text: ascii,
            address: None,
        })
    }
}

impl std::str::FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        let Some(domain) = text.strip_prefix("*.") else {
            return match text.contains('*') {
                true => Err(HostPatternError::Star(text.chars().take(80).collect())),
                false => text.parse().map(Self::Exact),
            };
        };
        if domain.contains('*') {
            return Err(HostPatternError::Star(text.chars().take(80).collect()));
        }
        let domain: HostName = domain.parse()?;
        if domain.address.is_some() {
            return Err(HostPatternError::Star(text.chars().take(80).collect()));
        }
        match public_below(domain.as_str()) {
            Some(suffix) => Err(HostPatternError::PublicSuffix(text.to_owned(), suffix)),
            None => Ok(Self::Below(domain)),
        }
    }
}

/// The suffix that makes a wildcard public: the domain itself, or, under a rule like `*.ck`, all names below it.
fn public_below(domain: &str) -> Option<String> {
    let any_child = format!("any.{domain}");
    let is_suffix = |name: &str| psl::suffix_str(name) == Some(name);
    (is_suffix(domain) || is_suffix(&any_child)).then(|| domain.to_owned())
}

/// IDNA processing (UTS 46, non-transitional, STD3 rules) and the length limits of RFC 1035; no trailing dot.
fn to_ascii(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > 1024 {
        return None;
    }
    let ascii = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii_strict(text).ok()?
    };
    let fits = ascii.len() <= 253 && ascii.split('.').all(is_label);
    (fits && punycode_is_sound(&ascii)).then_some(ascii)
}

/// A label that claims to be punycode must decode to something that encodes back to it.
fn punycode_is_sound(ascii: &str) -> bool {
    !ascii.split('.').any(|label| label.starts_with("xn--"))
        || idna::domain_to_ascii_strict(ascii).is_ok_and(|again| again == ascii)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

/// The WHATWG "ends in a number" rule: such a host is an IPv4 address to a browser, whatever its spelling.
fn is_numeric(ascii: &str) -> bool {
    let last = ascii.rsplit('.').next().unwrap_or(ascii);
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || last.bytes().all(|b| b.is_ascii_digit())
}

macro_rules! text_form {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = HostPatternError;

            fn try_from(text: String) -> Result<Self, HostPatternError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

text_form!(HostName);
text_form!(HostPattern);

impl std::fmt::Display for HostName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::fmt::Display for HostPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(f),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
