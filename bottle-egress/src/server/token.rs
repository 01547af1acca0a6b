//! The token of a listener that others than the guest could reach.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bottle_util::Secret;
use hyper::HeaderMap;
use hyper::header::PROXY_AUTHORIZATION;

use super::Listener;

/// What a connection must show before any of its requests is looked at.
#[derive(Debug, Clone)]
pub(super) enum Guard {
    /// Nothing: the socket's place is the proof.
    Open,
    /// A token.
    Token(Secret),
}

impl Guard {
    pub(super) fn of(listener: &Listener) -> Self {
        match listener {
            Listener::Unix(_) => Self::Open,
            Listener::Tcp { token, .. } => Self::Token(token.clone()),
        }
    }

    /// Tells whether the headers show what is asked for.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let Self::Token(token) = self else { return true };
        let mut values = headers.get_all(PROXY_AUTHORIZATION).into_iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let shown = value.to_str().ok().and_then(read);
        shown.is_some_and(|shown| same(shown.expose().as_bytes(), token.expose().as_bytes()))
    }
}

fn read(value: &str) -> Option<Secret> {
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Secret::from(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (_, password) = text.split_once(':')?;
    Some(Secret::from(password.to_owned()))
}

/// Compares in a time that depends on the lengths only. Nothing equals an empty token.
fn same(shown: &[u8], token: &[u8]) -> bool {
    let differences = shown.iter().zip(token).fold(0_u8, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(differences) == 0 && shown.len() == token.len() && !token.is_empty()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn check(value: &'static str, wanted: bool) {
        let guard = Guard::Token(Secret::from("let-me-in".to_owned()));
        let headers = HeaderMap::from_iter([(PROXY_AUTHORIZATION, HeaderValue::from_static(value))]);
        assert_eq!(guard.admits(&headers), wanted, "{value}");
    }

    #[test]
    fn the_token_is_a_password_or_a_bearer() {
        check("Bearer let-me-in", true);
        check("Basic YW55OmxldC1tZS1pbg==", true);
        check("basic OmxldC1tZS1pbg==", true);
    }

    #[test]
    fn anything_else_is_not_the_token() {
        for value in [
            "",
            "Bearer",
            "Bearer let-me-i",
            "Bearer let-me-in2",
            "Basic bGV0LW1lLWlu",
            "Digest let-me-in",
        ] {
            check(value, false);
        }
        assert!(!Guard::Token(Secret::from("a".to_owned())).admits(&HeaderMap::new()));
        assert!(!same(b"", b""));
    }
}
