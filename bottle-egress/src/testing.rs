//! What must hold for any bytes that a guest sends: for fuzz targets.

use bottle_plan::egress::LogDetail;
use bytes::{Bytes, BytesMut};

use crate::http1::{BodyDecoder, BodyError, Framing, Head, Piece};
use crate::limits;
use crate::server::testing::shown;

/// Reads a head as the door does; one that is understood has one framing, and an event about it is short.
///
/// # Panics
///
/// When that does not hold.
pub fn check_head(bytes: &[u8]) {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(head) = end.and_then(|end| bytes.get(..end + 4)) else {
        return;
    };
    let Ok(head) = Head::parse(&Bytes::copy_from_slice(head)) else {
        return;
    };
    assert!(head.headers.len() <= limits::HEAD_FIELDS, "{head:?}");
    let both = ["content-length", "transfer-encoding"].map(|name| head.headers.contains_key(name));
    match head.framing {
        Framing::None => {}
        Framing::Length(_) => assert_eq!(both, [true, false], "{head:?}"),
        Framing::Chunked => assert_eq!(both, [false, true], "{head:?}"),
    }
    let Some((path, headers)) = shown(&head, LogDetail::Headers) else {
        return;
    };
    assert!(path.len() <= limits::EVENT_PATH_BYTES, "{path:?}");
    for (name, value) in headers {
        assert!(name.len() <= limits::EVENT_NAME_BYTES, "{name:?}");
        assert!(value.len() <= limits::EVENT_VALUE_BYTES, "{value:?}");
        assert!(value.chars().all(bottle_util::untrusted::is_plain), "{value:?}");
    }
}

/// Decodes a body in chunks whole and in pieces of `step` bytes; both give the same body or the same error.
///
/// # Panics
///
/// When they do not.
pub fn check_body(bytes: &[u8], step: usize) {
    let whole = decode(bytes, bytes.len().max(1));
    assert_eq!(whole, decode(bytes, step.max(1)), "in pieces of {step}");
}

fn decode(bytes: &[u8], step: usize) -> Result<(Vec<u8>, usize), BodyError> {
    let (mut decoder, mut buffer, mut body) =
        (BodyDecoder::new(Framing::Chunked), BytesMut::new(), Vec::new());
    let mut rest = bytes.chunks(step);
    loop {
        match decoder.decode(&mut buffer)? {
            Some(Piece::Data(piece)) => body.extend_from_slice(&piece),
            Some(Piece::End(trailers)) => return Ok((body, trailers.map_or(0, |trailers| trailers.len()))),
            None => buffer.extend_from_slice(rest.next().ok_or(BodyError::Ended)?),
        }
    }
}
