//! `host:port` as it stands in `CONNECT`, absolute targets and `Host`.

use std::sync::Arc;

use bottle_plan::egress::HostName;

/// A host and a port. Clones share everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority(Arc<Parts>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    host: HostName,
    port: u16,
    /// `host:port`, and where the colon is.
    text: String,
    colon: usize,
}

/// Says why a text is no authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The host is no DNS name and no address in its one canonical spelling.
    #[error("the host is neither a DNS name nor an address in its usual spelling")]
    Host,
    /// The port is missing or no number from 1 to 65535.
    #[error("the port is missing or not a number from 1 to 65535")]
    Port,
    /// There is a user name or password before the host.
    #[error("a user name or password before the host is not allowed")]
    UserInfo,
}

impl Authority {
    /// Makes an authority of its parts.
    #[must_use]
    pub fn new(host: HostName, port: u16) -> Self {
        let mut text = host.in_authority();
        let colon = text.len();
        text.push(':');
        text.push_str(&port.to_string());
        Self(Arc::new(Parts {
            host,
            port,
            text,
            colon,
        }))
    }

    /// Reads `host[:port]`; without a default the port must be there.
    ///
    /// # Errors
    ///
    /// When the text is anything but one host and one port.
    pub fn parse(text: &str, default_port: Option<u16>) -> Result<Self, AuthorityError> {
        if text.contains('@') {
            return Err(AuthorityError::UserInfo);
        }
        let (host, port) = split(text)?;
        let port = match port {
            Some(digits) => parse_port(digits).ok_or(AuthorityError::Port)?,
            None => default_port.ok_or(AuthorityError::Port)?,
        };
        if !host.is_ascii() {
            return Err(AuthorityError::Host);
        }
        let host = host.parse().map_err(|_| AuthorityError::Host)?;
        Ok(Self::new(host, port))
    }

    /// Returns the host.
    #[must_use]
    pub fn host(&self) -> &HostName {
        &self.0.host
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Returns `host:port`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Returns the text for a `Host` field: without the port where it is the default one.
    #[must_use]
    pub fn host_field(&self, default_port: u16) -> &str {
        let without_port = self.0.text.get(..self.0.colon).unwrap_or_default();
        match self.0.port == default_port {
            true => without_port,
            false => &self.0.text,
        }
    }
}

/// Splits off the port. An IPv6 address needs its brackets, or its last group would pass for one.
fn split(text: &str) -> Result<(&str, Option<&str>), AuthorityError> {
    if text.starts_with('[') {
        let end = text.find(']').ok_or(AuthorityError::Host)? + 1;
        let (host, rest) = text.split_at_checked(end).ok_or(AuthorityError::Host)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(AuthorityError::Port),
        };
    }
    match text.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(AuthorityError::Host),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let canonical = digits.len() <= 5 && !digits.starts_with('0');
    let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (canonical && numeric).then(|| digits.parse().ok()).flatten()
}

impl std::fmt::Display for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, default_port: Option<u16>, wanted: Result<&str, AuthorityError>) {
        let parsed = Authority::parse(text, default_port).map(|authority| authority.to_string());
        assert_eq!(parsed.as_deref(), wanted.as_ref().copied(), "{text:?}");
    }

    #[test]
    fn hosts_and_ports_have_one_form() {
        check("Example.COM:443", None, Ok("example.com:443"));
        check("example.com", Some(443), Ok("example.com:443"));
        check("192.0.2.1:80", None, Ok("192.0.2.1:80"));
        check("[2001:DB8:0::1]:443", None, Ok("[2001:db8::1]:443"));
        check("[::1]", Some(443), Ok("[::1]:443"));
    }

    #[test]
    fn numeric_hosts_in_odd_spellings_are_no_hosts() {
        for host in [
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "1.2.3",
            "0x7f.1",
            "127.0.0.1.",
            "1.2.3.4.5",
            "a.0x1",
        ] {
            check(host, Some(443), Err(AuthorityError::Host));
        }
    }

    #[test]
    fn what_is_no_authority_is_refused() {
        check("", Some(443), Err(AuthorityError::Host));
        check("example.com", None, Err(AuthorityError::Port));
        for text in ["a:", "a:0", "a:0443", "a:+443", "a:65536", "a:443x", "[::1]443"] {
            check(text, None, Err(AuthorityError::Port));
        }
        for text in [
            "::1",
            "::1:443",
            "[fe80::1%25eth0]:443",
            "[::1",
            "a b:443",
            "a/b:443",
            "ex\u{e4}mple.com:443",
            "a.:443",
        ] {
            check(text, None, Err(AuthorityError::Host));
        }
        check("user@example.com:443", None, Err(AuthorityError::UserInfo));
    }
}
