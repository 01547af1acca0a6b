//! The chunked transfer coding (RFC 9112, section 7.1), without extensions.

use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;

use super::body::{BodyError, Piece};
use super::fields;
use crate::limits;

/// Where in a chunked body the decoder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChunkState {
    /// Before a chunk's size.
    Size,
    /// Inside a chunk, with so many bytes to come.
    Data(u64),
    /// Before the line end after a chunk.
    DataEnd,
    /// In the trailer section.
    Trailers,
    /// Behind the body.
    End,
}

impl ChunkState {
    /// Takes what can be taken from the buffer; nothing when more bytes are needed.
    pub(super) fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, BodyError> {
        loop {
            match *self {
                Self::Size => match size(buffer)? {
                    Some(0) => *self = Self::Trailers,
                    Some(size) => *self = Self::Data(size),
                    None => return Ok(None),
                },
                Self::Data(_) if buffer.is_empty() => return Ok(None),
                Self::Data(left) => {
                    let (piece, left) = take(buffer, left);
                    *self = if left == 0 {
                        Self::DataEnd
                    } else {
                        Self::Data(left)
                    };
                    return Ok(Some(Piece::Data(piece)));
                }
                Self::DataEnd if buffer.len() < 2 => return Ok(None),
                Self::DataEnd => {
                    if *buffer.split_to(2) != *b"\r\n" {
                        return Err(BodyError::Chunk);
                    }
                    *self = Self::Size;
                }
                Self::Trailers => match trailers(buffer)? {
                    Some(trailers) => {
                        *self = Self::End;
                        return Ok(Some(Piece::End(trailers)));
                    }
                    None => return Ok(None),
                },
                Self::End => return Ok(Some(Piece::End(None))),
            }
        }
    }
}

/// Takes at most so many bytes; returns them with the number still to come.
pub(super) fn take(buffer: &mut BytesMut, left: u64) -> (Bytes, u64) {
    let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
    let piece = buffer.split_to(most).freeze();
    (piece, left - most as u64)
}

fn size(buffer: &mut BytesMut) -> Result<Option<u64>, BodyError> {
    let window = buffer.get(..limits::CHUNK_LINE_BYTES).unwrap_or(buffer);
    let Some(end) = memchr::memchr(b'\n', window) else {
        return match buffer.len() < limits::CHUNK_LINE_BYTES {
            true => Ok(None),
            false => Err(BodyError::Chunk),
        };
    };
    let line = buffer.split_to(end + 1);
    let digits = line.strip_suffix(b"\r\n").ok_or(BodyError::Chunk)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(BodyError::Chunk);
    }
    let text = std::str::from_utf8(digits).map_err(|_| BodyError::Chunk)?;
    u64::from_str_radix(text, 16)
        .map(Some)
        .map_err(|_| BodyError::Chunk)
}

fn trailers(buffer: &mut BytesMut) -> Result<Option<Option<HeaderMap>>, BodyError> {
    if buffer.starts_with(b"\r\n") {
        drop(buffer.split_to(2));
        return Ok(Some(None));
    }
    let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") else {
        return match buffer.len() < limits::TRAILER_BYTES {
            true => Ok(None),
            false => Err(BodyError::Trailers),
        };
    };
    if end > limits::TRAILER_BYTES {
        return Err(BodyError::Trailers);
    }
    let section = buffer.split_to(end + 2).freeze();
    drop(buffer.split_to(2));
    let read = fields::read(fields::lines(&section), 4, |_, _| Ok(()));
    read.map(|trailers| Some(Some(trailers)))
        .map_err(|_| BodyError::Trailers)
}
