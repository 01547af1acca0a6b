//! The engine's framing of two output streams in one: a byte that names the stream, three of padding, four of
//! big-endian length, that many bytes (Engine API, "Stream format" of container attach).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The most bytes of one frame that are taken at once; longer frames come in pieces.
const PIECE: usize = 64 << 10;

/// Which stream a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Takes frames apart.
#[derive(Debug)]
pub(crate) struct Frames<R> {
    source: R,
    stream: Stream,
    /// What is left of the frame at hand.
    left: usize,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            stream: Stream::Stdout,
            left: 0,
        }
    }

    /// Reads the next piece into `buffer` and says whose it is; none at the end.
    pub(crate) async fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Stream>> {
        buffer.clear();
        while self.left == 0 {
            if !self.header().await? {
                return Ok(None);
            }
        }
        let piece = self.left.min(PIECE);
        let read = (&mut self.source).take(piece as u64).read_buf(buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        Ok(Some(self.stream))
    }

    async fn header(&mut self) -> io::Result<bool> {
        let mut header = [0; 8];
        match self.source.read_exact(&mut header).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            other => other?,
        };
        let [stream, _, _, _, a, b, c, d] = header;
        self.stream = match stream {
            0 | 1 => Stream::Stdout,
            2 => Stream::Stderr,
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "no frame of the engine's",
                ));
            }
        };
        self.left = u32::from_be_bytes([a, b, c, d]) as usize;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, bytes: &[u8]) -> Vec<u8> {
        let mut frame = vec![stream, 0, 0, 0];
        frame.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        frame.extend(bytes);
        frame
    }

    async fn read(bytes: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut frames = Frames::new(bytes);
        let mut piece = Vec::new();
        while let Some(stream) = frames.next(&mut piece).await? {
            match stream {
                Stream::Stdout => out.extend_from_slice(&piece),
                Stream::Stderr => err.extend_from_slice(&piece),
            }
        }
        Ok((out, err))
    }

    #[tokio::test]
    async fn streams_are_kept_apart_whatever_their_bytes() {
        let mut bytes = frame(1, b"\x00\x01\x02out");
        bytes.extend(frame(2, b"\x02\0\0\0\0\0\0\x05"));
        bytes.extend(frame(1, b""));
        bytes.extend(frame(1, &[1; 200_000]));
        let (out, err) = read(&bytes).await.unwrap();
        assert_eq!(out.len(), 6 + 200_000);
        assert_eq!(err, b"\x02\0\0\0\0\0\0\x05");
    }

    #[tokio::test]
    async fn a_cut_frame_is_an_error() {
        assert!(read(&frame(1, b"abc")[..9]).await.is_err());
        assert!(read(&frame(7, b"abc")).await.is_err());
    }

    #[test]
    fn no_bytes_make_it_panic_or_grow() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        proptest::proptest!(|(bytes: Vec<u8>)| {
            if let Ok((out, err)) = runtime.block_on(read(&bytes)) {
                proptest::prop_assert!(out.len() + err.len() <= bytes.len());
            }
        });
    }
}
