//! What of a host a route allows: paths, methods and headers.

use serde::{Deserialize, Serialize};

/// One way to match a request. Its fields are AND-ed, the values of one field OR-ed; an empty field matches all.
///
/// The shape is that of an `HTTPRoute` rule's matches in the Kubernetes Gateway API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteMatch {
    /// Paths; one must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathMatch>,
    /// Methods; one must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Method>,
    /// Header fields; all must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderMatch>,
}

/// A test of the canonical path, without the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "value",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
pub enum PathMatch {
    /// Whole segments from the start: `/v1` covers `/v1` and `/v1/x`, not `/v10`.
    Prefix(String),
    /// The path itself.
    Exact(String),
    /// A regular expression (syntax of the `regex` crate) that must match the whole path.
    Regex(String),
}

/// A test of one header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderMatch {
    /// The field's name, lower case.
    pub name: String,
    /// What its value must be; a repeated field matches nothing.
    #[serde(flatten)]
    pub value: ValueMatch,
}

/// A test of a header's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "kebab-case")]
pub enum ValueMatch {
    /// The value itself.
    Exact(String),
    /// A regular expression that must match the whole value.
    Regex(String),
}

/// An HTTP method in upper case: a token of RFC 9110.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Method(String);

/// Says that a text is not a token of RFC 9110, or `CONNECT`, which no route can allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a method that a route can allow")]
pub struct TokenError(String);

impl Method {
    /// Returns the method in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Method {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let upper = text.to_ascii_uppercase();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let fits = (1..=32).contains(&upper.len()) && upper.bytes().all(token) && upper != "CONNECT";
        if fits {
            Ok(Self(upper))
        } else {
            Err(TokenError(text.chars().take(40).collect()))
        }
    }
}

impl TryFrom<String> for Method {
    type Error = TokenError;

    fn try_from(text: String) -> Result<Self, TokenError> {
        text.parse()
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.0
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
