//! The head of a request: bytes in, one meaning out.

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Method};

use super::control::ControlFields;
use super::fields;
use crate::limits;
use crate::request::Upgrade;

/// The head of a request, understood.
#[derive(Debug)]
pub(crate) struct Head {
    /// The method, in upper case.
    pub(crate) method: Method,
    /// What the request is for.
    pub(crate) target: Target,
    /// The fields, as they came.
    pub(crate) headers: HeaderMap,
    /// The value of the one `Host` field.
    pub(crate) host: Option<HeaderValue>,
    /// How the body is delimited.
    pub(crate) framing: Framing,
    /// How that part of the body is delimited which has not been read yet.
    pub(crate) unread: Framing,
    /// Whether the client wants the connection closed afterwards.
    pub(crate) close: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
    /// The protocol that the request wants to switch to.
    pub(crate) upgrade: Upgrade,
}

/// The form of the request target (RFC 9112, section 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/path?query`.
    Origin(PathAndQuery),
    /// `http://authority/path?query`.
    Absolute {
        scheme: String,
        authority: String,
        path: PathAndQuery,
    },
    /// `host:port`, with `CONNECT`.
    Authority(String),
    /// `*`, with `OPTIONS`.
    Asterisk,
}

/// A path and a query, not yet looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathAndQuery {
    pub(crate) path: String,
    pub(crate) query: String,
}

/// The version of HTTP that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    /// By its length.
    Length(u64),
    /// By chunks.
    Chunked,
}

/// Says why a head is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("a line does not end with CR LF")]
    LineEnd,
    #[error("the request line is not 'method target version'")]
    RequestLine,
    #[error("the method is no token")]
    Method,
    #[error("the request target has no valid form")]
    Target,
    #[error("the version is not HTTP/1.1")]
    Version,
    #[error("a field line is folded")]
    FoldedLine,
    #[error("a field line is malformed")]
    Field,
    #[error("there are too many field lines")]
    TooManyFields,
    #[error("the head is too long")]
    TooLong,
    #[error("there must be one Host field")]
    Host,
    #[error("Content-Length and Transfer-Encoding exclude each other")]
    TwoFramings,
    #[error("there must be at most one Content-Length, a decimal number")]
    Length,
    #[error("the only transfer coding is chunked")]
    TransferCoding,
    #[error("the Connection field names something other than close, keep-alive, te and upgrade")]
    Connection,
    #[error("the only expectation is 100-continue")]
    Expectation,
}

impl Head {
    /// Understands a head that ends with an empty line.
    ///
    /// # Errors
    ///
    /// When anything in it is malformed or has two meanings.
    pub(crate) fn parse(bytes: &Bytes) -> Result<Self, HeadError> {
        let mut lines = fields::lines(bytes);
        let request_line = lines.next().ok_or(HeadError::RequestLine)??;
        let (method, target, version) = request_line_parts(&request_line)?;
        let (mut control, before_end) = (
            ControlFields::default(),
            |line: &Result<Bytes, HeadError>| !matches!(line, Ok(line) if line.is_empty()),
        );
        let headers = fields::read(lines.take_while(before_end), most_lines(bytes), |name, value| {
            control.note(name, value)
        })?;
        let framing = control.framing(&method, version)?;
        Ok(Self {
            host: control.host(version)?,
            framing,
            unread: framing,
            close: control.close(version),
            expects_continue: control.expects_continue(),
            upgrade: control.upgrade(),
            method,
            target,
            headers,
        })
    }
}

/// How many field lines there can be: the room that they need is made at once.
fn most_lines(head: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', head).count().min(limits::HEAD_FIELDS)
}

fn request_line_parts(line: &[u8]) -> Result<(Method, Target, Version), HeadError> {
    let mut parts = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(HeadError::RequestLine);
    };
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        _ => return Err(HeadError::Version),
    };
    if method.is_empty() || method.len() > 32 || !method.iter().all(|b| fields::is_token_byte(*b)) {
        return Err(HeadError::Method);
    }
    let method = match method.iter().any(u8::is_ascii_lowercase) {
        true => Method::from_bytes(&method.to_ascii_uppercase()),
        false => Method::from_bytes(method),
    };
    let method = method.map_err(|_| HeadError::Method)?;
    let target = Target::parse(target, &method)?;
    if version == Version::Http10 && method != Method::CONNECT {
        return Err(HeadError::Version);
    }
    Ok((method, target, version))
}

impl Target {
    fn parse(target: &[u8], method: &Method) -> Result<Self, HeadError> {
        let text = std::str::from_utf8(target).map_err(|_| HeadError::Target)?;
        if text.is_empty() || text.len() > limits::TARGET_BYTES || text.contains('#') {
            return Err(HeadError::Target);
        }
        if *method == Method::CONNECT {
            return Ok(Self::Authority(text.to_owned()));
        }
        if text.starts_with('/') {
            return Ok(Self::Origin(PathAndQuery::split(text)));
        }
        if text == "*" && *method == Method::OPTIONS {
            return Ok(Self::Asterisk);
        }
        let (scheme, rest) = text.split_once("://").ok_or(HeadError::Target)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).ok_or(HeadError::Target)?;
        let mut path = PathAndQuery::split(path);
        if path.path.is_empty() {
            path.path.push('/');
        }
        Ok(Self::Absolute {
            scheme: scheme.to_ascii_lowercase(),
            authority: authority.to_owned(),
            path,
        })
    }
}

impl PathAndQuery {
    fn split(text: &str) -> Self {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        Self {
            path: path.to_owned(),
            query: query.to_owned(),
        }
    }
}

impl Framing {
    /// Returns the framing of a body that is there as a whole.
    pub(crate) const fn of_bytes(length: usize) -> Self {
        match length {
            0 => Self::None,
            length => Self::Length(length as u64),
        }
    }
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
