//! Where a request came in, and what it asks for from there.

use bottle_plan::egress::{HostName, LogDetail};
use bottle_util::untrusted;
use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue, PROXY_AUTHORIZATION};

use super::events::Subject;
use crate::decide::{Refusal, Rule};
use crate::http1::{Framing, Head, Target};
use crate::limits;
use crate::request::fields::{FieldKind, field_kind};
use crate::request::{Authority, CanonicalPath, Query, RequestFacts, Scheme, ServerName};

/// Where a request came in.
#[derive(Debug)]
pub(super) enum Place {
    /// On the door itself: plain requests for other hosts, and `CONNECT`.
    Door,
    /// Inside a tunnel, behind TLS.
    Tunnel {
        authority: Authority,
        server_name: TunnelName,
    },
    /// Inside a tunnel without TLS: a program that knows no proxy speaks plain HTTP to an address of the relay's.
    PlainTunnel { authority: Authority },
}

/// The server name of a tunnel's handshake.
#[derive(Debug)]
pub(super) enum TunnelName {
    Absent,
    Malformed,
    Named(HostName),
}

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Asked {
    scheme: Scheme,
    pub(super) authority: Authority,
    host: Authority,
    pub(super) path: CanonicalPath,
    pub(super) query: Query,
    /// The body, where the decision depends on it.
    pub(super) content: Option<Bytes>,
}

impl Place {
    fn server_name(&self) -> ServerName<'_> {
        match self {
            Self::Door | Self::PlainTunnel { .. } => ServerName::Plain,
            Self::Tunnel { server_name, .. } => match server_name {
                TunnelName::Absent => ServerName::Absent,
                TunnelName::Malformed => ServerName::Malformed,
                TunnelName::Named(name) => ServerName::Named(name),
            },
        }
    }
}

impl Asked {
    /// Reads what a head asks for.
    pub(super) fn read(head: &Head, place: &Place) -> Result<Self, Refusal> {
        match (place, &head.target) {
            (
                Place::Door,
                Target::Absolute {
                    scheme,
                    authority,
                    path,
                },
            ) if scheme == "http" => {
                let authority = read_authority(head, authority, Some(Scheme::Http))?;
                Self::new(head, Scheme::Http, authority, &path.path, &path.query)
            }
            (Place::Door, _) => Err(malformed(
                head,
                "this is a proxy: send CONNECT host:443, or the whole http:// URL",
            )),
            (Place::Tunnel { authority, .. }, target) => Self::within(head, Scheme::Https, authority, target),
            (Place::PlainTunnel { authority }, target) => Self::within(head, Scheme::Http, authority, target),
        }
    }

    /// Reads what a head inside a tunnel asks for.
    fn within(head: &Head, scheme: Scheme, authority: &Authority, target: &Target) -> Result<Self, Refusal> {
        match target {
            Target::Origin(path) => Self::new(head, scheme, authority.clone(), &path.path, &path.query),
            Target::Authority(_) => Self::new(head, scheme, authority.clone(), "/", ""),
            Target::Absolute { .. } | Target::Asterisk => {
                Err(malformed(head, "inside a tunnel the request target is a path"))
            }
        }
    }

    fn new(
        head: &Head,
        scheme: Scheme,
        authority: Authority,
        path: &str,
        query: &str,
    ) -> Result<Self, Refusal> {
        let path = CanonicalPath::parse(path).map_err(|error| malformed(head, &error.to_string()))?;
        let query = Query::parse(query).map_err(|error| malformed(head, &error.to_string()))?;
        let said = match &head.host {
            Some(host) => host
                .to_str()
                .map_err(|_| malformed(head, "the Host field is no host"))?,
            None => "",
        };
        let host = match said == authority.host_field(scheme.default_port()) {
            true => authority.clone(),
            false => read_authority(head, said, Some(scheme))?,
        };
        Ok(Self {
            scheme,
            authority,
            host,
            path,
            query,
            content: None,
        })
    }

    /// Returns the facts that a decision is made by.
    pub(super) fn facts<'a>(&'a self, head: &'a Head, place: &'a Place) -> RequestFacts<'a> {
        RequestFacts {
            scheme: self.scheme,
            authority: &self.authority,
            server_name: place.server_name(),
            host: &self.host,
            method: &head.method,
            path: &self.path,
            query: &self.query,
            headers: &head.headers,
            upgrade: head.upgrade,
            body: match head.framing {
                Framing::None => Some(0),
                Framing::Length(length) => Some(length),
                Framing::Chunked => None,
            },
            content: self.content.as_deref(),
        }
    }

    /// Returns what an event says of the request.
    pub(super) fn subject(&self, head: &Head, detail: LogDetail) -> Subject {
        let mut path = redact_path(self.path.as_sent());
        if !self.query.as_str().is_empty() {
            path.push('?');
            path.push_str(&self.query.redacted());
        }
        Subject {
            host: self.authority.host().to_string(),
            port: self.authority.port(),
            method: head.method.to_string(),
            path: cut(path, limits::EVENT_PATH_BYTES),
            headers: if detail >= LogDetail::Headers {
                shown_headers(head)
            } else {
                Vec::new()
            },
        }
    }
}

/// Reads the target of `CONNECT`; a `Host` field, where there is one, must say the same.
pub(super) fn read_tunnel(head: &Head, target: &str) -> Result<Authority, Refusal> {
    let authority = read_authority(head, target, None)?;
    match &head.host {
        Some(host) if !names(host, &authority) => {
            let what = format!("CONNECT {authority}");
            Err(Refusal::of_connection(
                Rule::HostMismatch,
                what,
                "the Host field names another",
            ))
        }
        _ => Ok(authority),
    }
}

fn names(host: &HeaderValue, authority: &Authority) -> bool {
    let parsed = host
        .to_str()
        .map(|host| Authority::parse(host, Some(authority.port())));
    parsed.is_ok_and(|parsed| parsed.as_ref() == Ok(authority))
}

fn read_authority(head: &Head, text: &str, scheme: Option<Scheme>) -> Result<Authority, Refusal> {
    let parsed = Authority::parse(text, scheme.map(Scheme::default_port));
    parsed.map_err(|error| malformed(head, &error.to_string()))
}

fn malformed(head: &Head, detail: &str) -> Refusal {
    let rule = match head.method {
        Method::CONNECT => Rule::BadTarget,
        _ => Rule::Malformed,
    };
    Refusal::of_connection(rule, head.method.to_string(), detail.to_owned())
}

/// Hides segments that look like keys: long, and of mixed letters and digits.
fn redact_path(path: &str) -> String {
    let mut shown = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            shown.push('/');
        }
        shown.push_str(if looks_like_a_key(segment) { "*" } else { segment });
    }
    shown
}

fn looks_like_a_key(segment: &str) -> bool {
    let has = |test: fn(&u8) -> bool| segment.as_bytes().iter().any(test);
    segment.len() >= 24
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

fn shown_headers(head: &Head) -> Vec<(String, String)> {
    let show = |(name, value): (&HeaderName, &HeaderValue)| {
        let hidden = field_kind(name.as_str()) == FieldKind::Credential || *name == PROXY_AUTHORIZATION;
        let value = match hidden {
            true => "*".to_owned(),
            false => cut(
                untrusted::line(&String::from_utf8_lossy(value.as_bytes())),
                limits::EVENT_VALUE_BYTES,
            ),
        };
        (cut(name.to_string(), limits::EVENT_NAME_BYTES), value)
    };
    head.headers.iter().map(show).collect()
}

fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}
