//! The parts of an address that begins with `ssh://`.

/// Whom ssh is to reach.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    pub(super) user: Option<&'a str>,
    /// Without brackets.
    pub(super) host: &'a str,
    pub(super) port: &'a str,
}

impl<'a> Address<'a> {
    pub(super) fn of(url: &'a str) -> Self {
        let authority = url.strip_prefix("ssh://").unwrap_or_default();
        let authority = authority.split('/').next().unwrap_or_default();
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !port.ends_with(']') => (host, port),
            _ => (host, "22"),
        };
        Self {
            user,
            host: host.trim_start_matches('[').trim_end_matches(']'),
            port,
        }
    }

    /// Whether git cannot but read it the same way.
    pub(super) fn is_plain(&self) -> bool {
        let plain = |text: &str, more: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        self.user.is_none_or(|user| plain(user, "._-"))
            && plain(self.host, ".-")
            && self.port.bytes().all(|byte| byte.is_ascii_digit())
            && !self.port.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_are_taken_apart() {
        for (url, user, host, port, is_plain) in [
            (
                "ssh://git@a.example:2222/x.git",
                Some("git"),
                "a.example",
                "2222",
                true,
            ),
            ("ssh://a.example/x@y:1.git", None, "a.example", "22", true),
            ("ssh://git@[::1]:22/x", Some("git"), "::1", "22", false),
            ("ssh://[::1]/x", None, "::1", "22", false),
            ("ssh://a%40b@host/x", Some("a%40b"), "host", "22", false),
            ("ssh://a@b@host/x", Some("a@b"), "host", "22", false),
            ("ssh://-oX@host/x", Some("-oX"), "host", "22", false),
            ("ssh://host:/x", None, "host", "", false),
        ] {
            let address = Address::of(url);
            assert_eq!(address, Address { user, host, port }, "{url}");
            assert_eq!(address.is_plain(), is_plain, "{url}");
        }
    }
}
