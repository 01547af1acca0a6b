//! A request's body, piece by piece, from a client that may stall.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};
use tokio::time::timeout;

use crate::limits::{CLIENT_SILENCE, PACK_BYTES, READ_REQUEST_BYTES};

/// A body that is being read.
#[derive(Debug)]
pub(crate) struct Body {
    front: Option<Bytes>,
    rest: Incoming,
    has_failed: bool,
}

/// Says why a body does not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the client stalled")]
    Stalled,
    #[error("the client broke off")]
    Broken,
    #[error("the request is larger than {READ_REQUEST_BYTES} bytes")]
    TooLarge,
    #[error("the request is not gzip, although it says so")]
    Gzip,
}

impl Body {
    pub(crate) fn new(rest: Incoming) -> Self {
        Self {
            front: None,
            rest,
            has_failed: false,
        }
    }

    /// Gives back what was read too far.
    pub(crate) fn put_back(&mut self, bytes: Vec<u8>) {
        self.front = Some(Bytes::from(bytes)).filter(|bytes| !bytes.is_empty());
    }

    /// Returns the next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        if let Some(front) = self.front.take() {
            return Ok(Some(front));
        }
        let read = self.read().await;
        self.has_failed = read.is_err();
        read
    }

    async fn read(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            let frame = timeout(CLIENT_SILENCE, self.rest.frame())
                .await
                .map_err(|_| BodyError::Stalled)?;
            let Some(frame) = frame else { return Ok(None) };
            match frame.map_err(|_| BodyError::Broken)?.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Ok(Some(data)),
                // Trailers say nothing that git would.
                Err(_) => {}
            }
        }
    }

    /// Reads to the end without keeping anything.
    pub(crate) async fn discard(&mut self) {
        let mut bytes = 0;
        while bytes <= PACK_BYTES && !self.has_failed {
            match self.next().await {
                Ok(Some(piece)) => bytes += piece.len() as u64,
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Reads all of it, unpacked if it was packed.
    pub(crate) async fn collect(&mut self, is_gzip: bool) -> Result<Vec<u8>, BodyError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            bytes.extend(piece);
            if bytes.len() > READ_REQUEST_BYTES {
                return Err(BodyError::TooLarge);
            }
        }
        if is_gzip { gunzip(&bytes) } else { Ok(bytes) }
    }
}

/// Unpacks one gzip stream (RFC 1952) that is all there; what it would become is bounded.
pub(crate) fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, BodyError> {
    let mut input = behind_header(bytes).ok_or(BodyError::Gzip)?;
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let (mut out, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let result = inflate(&mut state, input, &mut buffer, MZFlush::None);
        out.extend(buffer.get(..result.bytes_written).unwrap_or_default());
        input = input.get(result.bytes_consumed..).unwrap_or_default();
        if out.len() > READ_REQUEST_BYTES {
            return Err(BodyError::TooLarge);
        }
        match result.status {
            Ok(MZStatus::StreamEnd) => break,
            Ok(_) if result.bytes_consumed + result.bytes_written > 0 => {}
            _ => return Err(BodyError::Gzip),
        }
    }
    // The sum is not compared: git reads the result as strictly as if it had never been packed.
    let length = input
        .get(4..8)
        .and_then(|length| <[u8; 4]>::try_from(length).ok());
    match length.map(u32::from_le_bytes) == u32::try_from(out.len()).ok() && input.len() == 8 {
        true => Ok(out),
        false => Err(BodyError::Gzip),
    }
}

fn behind_header(bytes: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = bytes.split_first_chunk::<10>()?;
    let [0x1f, 0x8b, 8, flags, ..] = *head else {
        return None;
    };
    if flags & 4 != 0 {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    // A name and a comment, each up to a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8], head: &[u8]) -> Vec<u8> {
        let mut out = head.to_vec();
        out.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
        out.extend([0; 4]);
        out.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        out
    }

    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

    #[test]
    fn gzip_is_unpacked() {
        for bytes in [&b""[..], b"a", &[7; 300_000]] {
            assert_eq!(gunzip(&gzip(bytes, &HEAD)).unwrap(), bytes);
        }
        let named = [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3], &b"name\0"[..]].concat();
        assert_eq!(gunzip(&gzip(b"x", &named)).unwrap(), b"x");
    }

    #[test]
    fn a_bomb_and_broken_gzip_are_refused() {
        let bomb = gzip(&vec![0; READ_REQUEST_BYTES + 1], &HEAD);
        assert!(bomb.len() < 100_000);
        assert_eq!(gunzip(&bomb), Err(BodyError::TooLarge));
        let good = gzip(b"hello hello", &HEAD);
        for cut in 0..good.len() {
            assert_eq!(gunzip(&good[..cut]), Err(BodyError::Gzip), "{cut}");
        }
        proptest::proptest!(|(bytes: Vec<u8>)| {
            let _ = gunzip(&bytes);
            let _ = gunzip(&[&HEAD[..], &bytes].concat());
        });
    }
}
