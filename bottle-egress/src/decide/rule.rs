//! The rules that can say no.

use hyper::StatusCode;

/// The rule that said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The request is malformed.
    Malformed,
    /// The target of `CONNECT` is no host and port.
    BadTarget,
    /// No route covers the host.
    NotListed,
    /// The route does not list the port.
    Port,
    /// Tunnel, TLS handshake and request name different hosts.
    HostMismatch,
    /// Plain text where TLS is needed.
    PlainText,
    /// Something else than TLS after `CONNECT`.
    NotTls,
    /// `CONNECT` inside a tunnel.
    NestedConnect,
    /// A method that no route can allow.
    Method,
    /// A query parameter that claims another method.
    MethodOverride,
    /// An upgrade to something else than WebSocket.
    Upgrade,
    /// The route denies WebSockets.
    WebSocketDenied,
    /// The route allows WebSockets, which this version does not relay.
    WebSocketUnavailable,
    /// Git fetch without `git: {fetch: true}`.
    GitFetch,
    /// Git push, which is the git gate's.
    GitPush,
    /// A write through a forge's interface without `git: {api_write: true}`.
    ForgeWrite,
    /// An encoded slash where the route looks at paths.
    EncodedSeparator,
    /// None of the route's matches covers the request.
    NoMatch,
    /// A signed URL with a method that writes.
    SignedWrite,
    /// The body is larger than the route allows.
    BodySize,
    /// More requests than the route allows in a minute.
    Rate,
    /// The host has no address, or too many.
    Unresolved,
    /// The host has an address that may not be reached.
    Address,
    /// The event of the request could not be recorded.
    Unrecorded,
    /// The door's token is missing.
    Token,
    /// The policy changed while the request ran.
    Revoked,
    /// The upstream did not accept a connection.
    Unreachable,
    /// The upstream's certificate was not believed, or TLS failed.
    UpstreamTls,
    /// The upstream broke off or answered with something that is no HTTP.
    UpstreamBroke,
    /// The upstream answered in an encoding that cannot be searched for the credential.
    EncodedAnswer,
    /// Nothing moved for too long.
    Stalled,
}

impl Rule {
    /// Those by which an allowed request failed before its host heard of it: no connection came about.
    pub const BEFORE_THE_HOST: [Self; 3] = [Self::Unresolved, Self::Unreachable, Self::UpstreamTls];

    /// Returns the name that events, metrics and `X-Bottle-Decision` use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadTarget => "bad-target",
            Self::NotListed => "not-listed",
            Self::Port => "port",
            Self::HostMismatch => "host-mismatch",
            Self::PlainText => "plain-text",
            Self::NotTls => "not-tls",
            Self::NestedConnect => "nested-connect",
            Self::Method => "method",
            Self::MethodOverride => "method-override",
            Self::Upgrade => "upgrade",
            Self::WebSocketDenied => "websocket-denied",
            Self::WebSocketUnavailable => "websocket-unavailable",
            Self::GitFetch => "git-fetch",
            Self::GitPush => "git-push",
            Self::ForgeWrite => "forge-write",
            Self::EncodedSeparator => "encoded-separator",
            Self::NoMatch => "no-match",
            Self::SignedWrite => "signed-write",
            Self::BodySize => "body-size",
            Self::Rate => "rate",
            Self::Unresolved => "unresolved",
            Self::Address => "address",
            Self::Unrecorded => "unrecorded",
            Self::Token => "token",
            Self::Revoked => "revoked",
            Self::Unreachable => "unreachable",
            Self::UpstreamTls => "upstream-tls",
            Self::UpstreamBroke => "upstream-broke",
            Self::EncodedAnswer => "encoded-answer",
            Self::Stalled => "stalled",
        }
    }

    /// Returns the status of the answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::WebSocketDenied => StatusCode::UPGRADE_REQUIRED,
            Self::BodySize => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Rate => StatusCode::TOO_MANY_REQUESTS,
            Self::Token => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            Self::Unrecorded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unresolved
            | Self::Unreachable
            | Self::UpstreamTls
            | Self::UpstreamBroke
            | Self::EncodedAnswer => StatusCode::BAD_GATEWAY,
            Self::Stalled => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// Tells whether the request was allowed and failed outside.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self.status().as_u16(), 502 | 504)
    }

    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "the request is not one that every server reads alike",
            Self::BadTarget => "the target of CONNECT is no host and port",
            Self::NotListed => "no route of this bottle covers the host",
            Self::Port => "the route for the host does not list the port",
            Self::HostMismatch => {
                "the tunnel, its TLS server name and the request's Host name different hosts"
            }
            Self::PlainText => "this needs https",
            Self::NotTls => "after CONNECT only TLS is accepted",
            Self::NestedConnect => "a tunnel inside a tunnel is never opened",
            Self::Method => "no route can allow the method",
            Self::MethodOverride => "a query parameter claims another method than the request's own",
            Self::Upgrade => "the protocol that the request wants to switch to is never relayed",
            Self::WebSocketDenied => "the route denies WebSockets; use plain requests",
            Self::WebSocketUnavailable => "this version does not relay WebSockets; use plain requests",
            Self::GitFetch => "the route does not allow git over HTTPS",
            Self::GitPush => {
                "pushing over HTTPS is never possible here; push to the repository's git gate remote, \
                              which scans what is pushed"
            }
            Self::ForgeWrite => "writing through a forge's interface goes round the git gate",
            Self::EncodedSeparator => "the path holds an encoded slash, and the route looks at paths",
            Self::NoMatch => "the route for the host does not match this method, path and headers",
            Self::SignedWrite => "a signed URL of your own may only read",
            Self::BodySize => "the body is larger than the route allows",
            Self::Rate => "the route allows no more requests in this minute",
            Self::Unresolved => "the host's addresses could not be found",
            Self::Address => "the host has an address that is not public, or that is this machine's own",
            Self::Unrecorded => "the decision could not be recorded, so the request was not sent",
            Self::Token => "the proxy's token is missing or wrong",
            Self::Revoked => "the policy changed and no longer allows the request",
            Self::Unreachable => "the host did not accept a connection",
            Self::UpstreamTls => "the host's certificate was not believed",
            Self::UpstreamBroke => "the host broke off or did not answer with HTTP",
            Self::EncodedAnswer => "the host answered in a content encoding that was not asked for",
            Self::Stalled => "nothing came for too long",
        }
    }
}
