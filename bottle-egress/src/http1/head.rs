//! The head of a request: bytes in, one meaning out.

use bytes::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, TRANSFER_ENCODING, UPGRADE};
use hyper::{HeaderMap, Method};

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
    pub(crate) host: Option<String>,
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
enum Version {
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
        let headers = fields::read(lines.take_while(|line| !matches!(line, Ok(line) if line.is_empty())))?;
        let connection = ConnectionOptions::read(&headers)?;
        let framing = framing(&headers, &method, version)?;
        Ok(Self {
            host: host(&headers, version)?,
            framing,
            unread: framing,
            close: connection.close || version == Version::Http10,
            expects_continue: expects_continue(&headers)?,
            upgrade: upgrade(&headers, connection),
            method,
            target,
            headers,
        })
    }
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
    let method = Method::from_bytes(&method.to_ascii_uppercase()).map_err(|_| HeadError::Method)?;
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

/// What the `Connection` fields say. An option that names any other field would take that field out of the request,
/// so it is refused.
#[derive(Debug, Clone, Copy, Default)]
struct ConnectionOptions {
    close: bool,
    upgrade: bool,
}

impl ConnectionOptions {
    fn read(headers: &HeaderMap) -> Result<Self, HeadError> {
        let mut options = Self::default();
        for value in headers.get_all(CONNECTION) {
            let text = value.to_str().map_err(|_| HeadError::Connection)?;
            for option in text.split(',').map(str::trim).filter(|option| !option.is_empty()) {
                match option.to_ascii_lowercase().as_str() {
                    "close" => options.close = true,
                    "upgrade" => options.upgrade = true,
                    "keep-alive" | "te" | "http2-settings" | "proxy-connection" => {}
                    _ => return Err(HeadError::Connection),
                }
            }
        }
        Ok(options)
    }
}

fn host(headers: &HeaderMap, version: Version) -> Result<Option<String>, HeadError> {
    match one(headers, &HOST, HeadError::Host)? {
        Some("") => Err(HeadError::Host),
        Some(value) => Ok(Some(value.to_owned())),
        None if version == Version::Http10 => Ok(None),
        None => Err(HeadError::Host),
    }
}

fn framing(headers: &HeaderMap, method: &Method, version: Version) -> Result<Framing, HeadError> {
    let coding = one(headers, &TRANSFER_ENCODING, HeadError::TransferCoding)?;
    let length = one(headers, &CONTENT_LENGTH, HeadError::Length)?;
    let framing = match (coding, length) {
        (Some(_), Some(_)) => return Err(HeadError::TwoFramings),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
        (Some(_), None) => return Err(HeadError::TransferCoding),
        (None, Some(length)) => Framing::of_length(length)?,
        (None, None) => Framing::None,
    };
    let has_body = framing != Framing::None;
    if has_body && (*method == Method::CONNECT || version == Version::Http10) {
        return Err(HeadError::Length);
    }
    Ok(framing)
}

impl Framing {
    /// Returns the framing of a body that is there as a whole.
    pub(crate) const fn of_bytes(length: usize) -> Self {
        match length {
            0 => Self::None,
            length => Self::Length(length as u64),
        }
    }

    fn of_length(digits: &str) -> Result<Self, HeadError> {
        let numeric = digits.bytes().all(|b| b.is_ascii_digit()) && (1..=18).contains(&digits.len());
        let length: u64 = if numeric {
            digits.parse()
        } else {
            return Err(HeadError::Length);
        }
        .map_err(|_| HeadError::Length)?;
        Ok(if length == 0 {
            Self::None
        } else {
            Self::Length(length)
        })
    }
}

fn expects_continue(headers: &HeaderMap) -> Result<bool, HeadError> {
    match one(headers, &EXPECT, HeadError::Expectation)? {
        Some(value) if value.eq_ignore_ascii_case("100-continue") => Ok(true),
        Some(_) => Err(HeadError::Expectation),
        None => Ok(false),
    }
}

/// An upgrade is one even where the `Connection` field forgets to say so.
fn upgrade(headers: &HeaderMap, connection: ConnectionOptions) -> Upgrade {
    let mut values = headers.get_all(UPGRADE).into_iter();
    match (values.next(), values.next()) {
        (None, _) if connection.upgrade => Upgrade::Other,
        (None, _) => Upgrade::None,
        (Some(value), None) if value.as_bytes().eq_ignore_ascii_case(b"websocket") => Upgrade::WebSocket,
        _ => Upgrade::Other,
    }
}

fn one<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    error: HeadError,
) -> Result<Option<&'a str>, HeadError> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| error),
        (Some(_), Some(_)) => Err(error),
    }
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
