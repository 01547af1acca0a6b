//! Field lines (RFC 9112, section 5), without the leniencies.

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::HeadError;
use crate::limits;

/// Splits a section of whole lines, each ended by CR LF, at its line ends.
pub(super) fn lines(section: &Bytes) -> impl Iterator<Item = Result<Bytes, HeadError>> {
    let mut rest = section.clone();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(end) = memchr::memchr2(b'\r', b'\n', &rest) else {
            rest.clear();
            return Some(Err(HeadError::LineEnd));
        };
        let line = rest.split_to(end);
        if !rest.starts_with(b"\r\n") {
            rest.clear();
            return Some(Err(HeadError::LineEnd));
        }
        drop(rest.split_to(2));
        Some(Ok(line))
    })
}

/// Reads field lines into a map, for which it makes room, and shows each to a function.
pub(super) fn read(
    lines: impl Iterator<Item = Result<Bytes, HeadError>>,
    room: usize,
    mut note: impl FnMut(&HeaderName, &HeaderValue) -> Result<(), HeadError>,
) -> Result<HeaderMap, HeadError> {
    let mut headers = HeaderMap::with_capacity(room);
    for line in lines {
        if headers.len() == limits::HEAD_FIELDS {
            return Err(HeadError::TooManyFields);
        }
        let (name, value) = field(&line?)?;
        note(&name, &value)?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn field(line: &Bytes) -> Result<(HeaderName, HeaderValue), HeadError> {
    if line.first().is_none_or(|b| matches!(b, b' ' | b'\t')) {
        return Err(HeadError::FoldedLine);
    }
    let colon = memchr::memchr(b':', line).ok_or(HeadError::Field)?;
    let (name, rest) = line.split_at_checked(colon).ok_or(HeadError::Field)?;
    if !name.iter().all(|b| is_token_byte(*b)) {
        return Err(HeadError::Field);
    }
    let name = HeaderName::from_bytes(name).map_err(|_| HeadError::Field)?;
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let value = rest.get(1..).unwrap_or_default();
    let start = value.iter().position(|b| !blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !blank(b)).map_or(start, |at| at + 1);
    let value = line.slice(colon + 1 + start..colon + 1 + end);
    let value = HeaderValue::from_maybe_shared(value).map_err(|_| HeadError::Field)?;
    Ok((name, value))
}

/// A character of a token (RFC 9110, section 5.6.2).
pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
