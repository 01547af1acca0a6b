//! What a request says, settled once: nothing after this reads the guest's bytes again.

mod authority;
pub(crate) mod fields;
mod parameters;
pub(crate) mod path;
mod query;
mod words;

pub use authority::{Authority, AuthorityError};
pub use path::{CanonicalPath, PathError};
pub use query::{Query, QueryError};

use bottle_plan::egress::HostName;
use hyper::{HeaderMap, Method};

/// Everything about a request that a decision may depend on.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// How the request would travel to the upstream.
    pub scheme: Scheme,
    /// Where the connection was asked to lead: the target of `CONNECT`, or of an absolute-form request.
    pub authority: &'a Authority,
    /// The server name of the TLS handshake.
    pub server_name: ServerName<'a>,
    /// What the request's own `Host` field names.
    pub host: &'a Authority,
    /// The method, in upper case.
    pub method: &'a Method,
    /// The path, in canonical form.
    pub path: &'a CanonicalPath,
    /// The query.
    pub query: &'a Query,
    /// The header fields, as the guest sent them.
    pub headers: &'a HeaderMap,
    /// The protocol that the request wants to switch to.
    pub upgrade: Upgrade,
    /// The length of the body, where the request announces it.
    pub body: Option<u64>,
    /// The body itself, where a decision [depends on it](crate::depends_on_body) and it is short enough.
    pub content: Option<&'a [u8]>,
}

/// How a request travels to the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In plain text.
    Http,
    /// Over verified TLS.
    Https,
}

/// The server name of the guest's TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerName<'a> {
    /// There was no handshake.
    Plain,
    /// The handshake named no server, as is right for addresses only.
    Absent,
    /// The handshake named something that is no host name.
    Malformed,
    /// The handshake named this host.
    Named(&'a HostName),
}

/// The protocol that a request wants to switch to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Upgrade {
    /// None.
    #[default]
    None,
    /// WebSocket (RFC 6455).
    WebSocket,
    /// Anything else, `h2c` among them.
    Other,
}

impl Scheme {
    /// Returns the port that is meant when a URL of the scheme names none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// Returns the scheme as it stands in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}
