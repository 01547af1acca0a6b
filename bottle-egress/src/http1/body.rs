//! The body of a request, decoded as it comes.

use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;

use super::Framing;
use super::chunked::{ChunkState, take};

/// A body being decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyDecoder {
    /// So many bytes are to come.
    Length(u64),
    /// Chunks are to come.
    Chunked(ChunkState),
}

/// A piece of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Some of its bytes.
    Data(Bytes),
    /// Its end, with the trailer fields where there are any.
    End(Option<HeaderMap>),
}

/// Says why a body cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("a chunk of the body is malformed")]
    Chunk,
    #[error("the trailer section is malformed or too long")]
    Trailers,
    #[error("the body is larger than the route allows")]
    TooLarge,
    #[error("the connection ended inside the body")]
    Ended,
    #[error("the request was given up")]
    GivenUp,
}

impl BodyDecoder {
    pub(crate) const fn new(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Length(0),
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(ChunkState::Size),
        }
    }

    /// Takes what can be taken from the buffer; nothing when more bytes are needed.
    ///
    /// # Errors
    ///
    /// When the coding is broken; then nothing after it on the connection can be understood either.
    pub(crate) fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, BodyError> {
        match self {
            Self::Length(0) => Ok(Some(Piece::End(None))),
            Self::Length(_) if buffer.is_empty() => Ok(None),
            Self::Length(left) => {
                let (piece, rest) = take(buffer, *left);
                *left = rest;
                Ok(Some(Piece::Data(piece)))
            }
            Self::Chunked(state) => state.decode(buffer),
        }
    }

    /// Tells whether the whole body was taken.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(ChunkState::End))
    }

    /// Returns how many bytes are to come, where that is known.
    pub(crate) const fn left(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the bytes in pieces of the given size and returns the body's text and trailers, or the error.
    fn decode(
        framing: Framing,
        bytes: &[u8],
        step: usize,
    ) -> Result<(Vec<u8>, Option<HeaderMap>, usize), BodyError> {
        let (mut decoder, mut buffer, mut body) = (BodyDecoder::new(framing), BytesMut::new(), Vec::new());
        let mut rest = bytes.chunks(step);
        loop {
            match decoder.decode(&mut buffer)? {
                Some(Piece::Data(piece)) => body.extend_from_slice(&piece),
                Some(Piece::End(trailers)) => {
                    assert!(decoder.is_done());
                    let unread: usize = rest.map(<[u8]>::len).sum();
                    return Ok((body, trailers, buffer.len() + unread));
                }
                None => buffer.extend_from_slice(rest.next().ok_or(BodyError::Ended)?),
            }
        }
    }

    fn check_chunked(text: &str, wanted: Result<&str, BodyError>) {
        for step in [1, 2, 3, 7, 1000] {
            let decoded = decode(Framing::Chunked, text.as_bytes(), step).map(|(body, ..)| body);
            assert_eq!(
                decoded.as_deref(),
                wanted.as_ref().map(|body| body.as_bytes()),
                "{text:?} by {step}"
            );
        }
    }

    #[test]
    fn chunks_are_joined() {
        check_chunked("0\r\n\r\n", Ok(""));
        check_chunked("5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n", Ok("hello world"));
        check_chunked("A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n", Ok("0123456789"));
    }

    #[test]
    fn sloppy_chunks_are_refused() {
        for text in [
            "5;ext=1\r\nhello\r\n0\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
            "\r\n",
            "11111111111111111\r\nx",
        ] {
            check_chunked(text, Err(BodyError::Chunk));
        }
        check_chunked("0\r\nX: a\nY: b\r\n\r\n", Err(BodyError::Trailers));
        check_chunked("0\r\n folded\r\n\r\n", Err(BodyError::Trailers));
        check_chunked("5\r\nhel", Err(BodyError::Ended));
    }

    #[test]
    fn trailers_are_read() {
        let (_, trailers, unread) = decode(Framing::Chunked, b"0\r\nX-Sum: 1\r\n\r\nGET", 100).unwrap();
        assert_eq!(trailers.unwrap().get("x-sum").unwrap(), "1");
        assert_eq!(unread, 3);
    }

    #[test]
    fn a_length_takes_exactly_its_bytes() {
        assert_eq!(
            decode(Framing::Length(3), b"abcdef", 2),
            Ok((b"abc".to_vec(), None, 3))
        );
        assert_eq!(decode(Framing::Length(3), b"ab", 2).err(), Some(BodyError::Ended));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..128), step in 1_usize..40) {
            let _ = decode(Framing::Chunked, &bytes, step);
        }

        #[test]
        fn any_cut_gives_the_same_body(cut in 1_usize..60) {
            let text = b"1a\r\nabcdefghijklmnopqrstuvwxyz\r\n3\r\n123\r\n0\r\nA: b\r\n\r\n";
            let (body, ..) = decode(Framing::Chunked, text, cut).unwrap();
            proptest::prop_assert_eq!(body, b"abcdefghijklmnopqrstuvwxyz123".to_vec());
        }
    }
}
