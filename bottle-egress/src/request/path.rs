//! The canonical path: one reading of what a guest wrote, checked and sent alike.
//!
//! Servers differ in when they decode, collapse and split a path. Whatever two of them could read differently is
//! either settled here, before any rule looks, or refused.

use crate::limits;

/// A path that every server reads alike, with what it says once it is decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath {
    sent: String,
    decoded: Option<String>,
    encoded_separator: bool,
}

/// Says why a path has no single reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash.
    #[error("the path does not begin with '/'")]
    NotAbsolute,
    /// It is longer than any rule needs.
    #[error("the path is too long")]
    TooLong,
    /// A character that has no place in a path, raw or encoded.
    #[error("the path holds a control character, a backslash, '#' or bytes that are no text")]
    Character,
    /// A percent sign without two hexadecimal digits.
    #[error("the path holds a '%' that encodes nothing")]
    Escape,
    /// Decoded once, something is still encoded.
    #[error("the path is encoded twice")]
    EncodedTwice,
    /// Dot segments climb above the root, hide behind `;`, or stand beside an encoded slash.
    #[error("the path holds a dot segment that servers read differently")]
    DotSegment,
}

impl CanonicalPath {
    /// Settles a path: decodes once, removes dot segments and repeated slashes, and writes it in one spelling.
    ///
    /// Doing so again changes nothing.
    ///
    /// # Errors
    ///
    /// When servers could read the path in more than one way.
    pub fn parse(raw: &str) -> Result<Self, PathError> {
        if raw.len() > limits::TARGET_BYTES {
            return Err(PathError::TooLong);
        }
        if is_plain(raw) {
            return Ok(Self {
                sent: raw.to_owned(),
                decoded: None,
                encoded_separator: false,
            });
        }
        settle(raw)
    }

    /// Returns the path as it is sent.
    #[must_use]
    pub fn as_sent(&self) -> &str {
        &self.sent
    }

    /// Returns the decoded path, which rules are matched against. Encoded slashes are slashes in it.
    #[must_use]
    pub fn decoded(&self) -> &str {
        self.decoded.as_deref().unwrap_or(&self.sent)
    }

    /// Tells whether a slash was encoded: then a server may see fewer segments than [`Self::decoded`] has.
    #[must_use]
    pub const fn has_encoded_separator(&self) -> bool {
        self.encoded_separator
    }
}

/// Tells whether the path is its own canonical form, by a test that is quick and may err to the safe side.
fn is_plain(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~' | b':' | b'@');
    let pairs_are_safe = bytes.windows(2).all(|pair| !matches!(pair, [b'/', b'/' | b'.']));
    bytes.first() == Some(&b'/') && pairs_are_safe && bytes.iter().all(|b| plain(*b))
}

fn settle(raw: &str) -> Result<CanonicalPath, PathError> {
    let segments = raw.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
    let mut settled: Vec<Segment> = Vec::new();
    let mut ends_open = false;
    for raw_segment in segments.split('/') {
        let segment = Segment::decode(raw_segment)?;
        ends_open = matches!(segment.decoded.as_str(), "" | "." | "..");
        match segment.decoded.as_str() {
            "" | "." => {}
            ".." => drop(settled.pop().ok_or(PathError::DotSegment)?),
            _ => settled.push(segment.checked()?),
        }
    }
    Ok(join(&settled, ends_open))
}

fn join(segments: &[Segment], ends_open: bool) -> CanonicalPath {
    let (mut sent, mut decoded) = (String::new(), String::new());
    for segment in segments {
        sent.push('/');
        sent.push_str(&segment.sent);
        decoded.push('/');
        decoded.push_str(&segment.decoded);
    }
    if ends_open || segments.is_empty() {
        sent.push('/');
        decoded.push('/');
    }
    CanonicalPath {
        decoded: (decoded != sent).then_some(decoded),
        encoded_separator: segments.iter().any(|segment| segment.decoded.contains('/')),
        sent,
    }
}

struct Segment {
    sent: String,
    decoded: String,
}

impl Segment {
    fn decode(raw: &str) -> Result<Self, PathError> {
        let mut sent = String::with_capacity(raw.len());
        let mut decoded = Vec::with_capacity(raw.len());
        let mut rest = raw.as_bytes();
        while let [first, after @ ..] = rest {
            let (byte, encoded) = match (first, after) {
                (b'%', [high, low, ..]) => (hex(*high, *low).ok_or(PathError::Escape)?, true),
                (b'%', _) => return Err(PathError::Escape),
                (byte, _) if !byte.is_ascii() => return Err(PathError::Character),
                (byte, _) => (*byte, false),
            };
            rest = after.get(if encoded { 2 } else { 0 }..).unwrap_or_default();
            if byte.is_ascii_control() || byte == b'\\' || (!encoded && matches!(byte, b' ' | b'#' | b'?')) {
                return Err(PathError::Character);
            }
            decoded.push(byte);
            write_canonical(&mut sent, byte, encoded);
        }
        let decoded = String::from_utf8(decoded).map_err(|_| PathError::Character)?;
        Ok(Self { sent, decoded })
    }

    /// Refuses what a second decoder, a servlet container or a file system would read as something else.
    fn checked(self) -> Result<Self, PathError> {
        if has_escape(&self.decoded) {
            return Err(PathError::EncodedTwice);
        }
        if self.decoded.split('/').any(is_dotted) {
            return Err(PathError::DotSegment);
        }
        Ok(self)
    }
}

/// Nothing, dots and spaces alone, or these before a path parameter.
fn is_dotted(part: &str) -> bool {
    let name = part.split(';').next().unwrap_or_default();
    name.bytes().all(|b| matches!(b, b'.' | b' '))
}

fn has_escape(decoded: &str) -> bool {
    decoded.split('%').skip(1).any(|after| {
        let mut bytes = after.bytes();
        match (bytes.next(), bytes.next()) {
            (Some(b'u' | b'U'), _) => true,
            (Some(high), Some(low)) => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
            _ => false,
        }
    })
}

/// Unreserved characters stand for themselves; reserved ones keep the form they came in (RFC 3986, section 2.2).
fn write_canonical(sent: &mut String, byte: u8, encoded: bool) {
    let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if unreserved || (!encoded && b"!$&'()*+,;=:@".contains(&byte)) {
        sent.push(char::from(byte));
    } else {
        push_escape(sent, byte);
    }
}

/// Appends `%XX`.
pub(crate) fn push_escape(text: &mut String, byte: u8) {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).map(|c| c.to_ascii_uppercase());
    text.push('%');
    text.extend(digit(byte >> 4));
    text.extend(digit(byte & 15));
}

/// Reads two hexadecimal digits.
pub(super) fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some((digit(high)? << 4) | digit(low)?)
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
