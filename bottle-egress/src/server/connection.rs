//! A guest's connection between requests.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

use crate::http1::{BodyDecoder, Framing, Piece, Reader, Writer};
use crate::limits;
use crate::patience::Patience;
use crate::stream::{Socket, Stream};

/// Both sides of a guest's connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(super) patience: Patience,
}

impl Connection {
    pub(super) fn new(stream: Stream) -> Self {
        let (read, write) = tokio::io::split(stream);
        Self {
            reader: Reader::new(read),
            writer: Writer::new(write),
            patience: Patience::new(),
        }
    }

    /// Returns the plain socket with the bytes that were read ahead.
    pub(super) fn into_socket(self) -> Option<(Socket, BytesMut)> {
        let (read, ahead) = self.reader.into_parts();
        match read.unsplit(self.writer.into_stream()) {
            Stream::Plain(socket) => Some((socket, ahead)),
            Stream::Tls(_) => None,
        }
    }

    /// Ends the connection so that what was written arrives: closing a socket with unread bytes would reset it.
    pub(super) async fn close(mut self) {
        let linger = async {
            let _ = self.writer.flush().await;
            let _ = self.writer.shutdown().await;
            let mut read = 0_u64;
            while read < limits::LINGER_BYTES {
                self.reader.buffer().clear();
                match self.reader.fill(limits::READ_BYTES).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => read += count as u64,
                }
            }
        };
        let _ = timeout(limits::LINGER_TIME, linger).await;
    }
}

/// Reads a whole body that is short; none when it is too long, too slow or broken, and then nothing more can be read.
pub(super) async fn collect(reader: &mut Reader, framing: Framing) -> Option<Bytes> {
    let whole = async {
        let (mut decoder, mut body) = (BodyDecoder::new(framing), BytesMut::new());
        loop {
            match decoder.decode(reader.buffer()) {
                Ok(Some(Piece::End(_))) => return Some(body.freeze()),
                Ok(Some(Piece::Data(data))) => body.extend_from_slice(&data),
                Ok(None) if matches!(reader.fill(limits::READ_BYTES).await, Ok(1..)) => {}
                Ok(None) | Err(_) => return None,
            }
            if body.len() > limits::INSPECTED_BYTES {
                return None;
            }
        }
    };
    timeout(limits::HEAD_TIME, whole).await.ok().flatten()
}

/// Reads and forgets the rest of a request's body, within bounds; tells whether its end was reached.
pub(super) async fn discard(reader: &mut Reader, mut rest: BodyDecoder, time: Duration) -> bool {
    let skip = async {
        let mut read = 0_u64;
        while read < limits::LINGER_BYTES {
            match rest.decode(reader.buffer()) {
                Ok(Some(Piece::End(_))) => return true,
                Ok(Some(Piece::Data(data))) => read += data.len() as u64,
                Ok(None) if matches!(reader.fill(limits::READ_BYTES).await, Ok(1..)) => {}
                Ok(None) | Err(_) => return false,
            }
        }
        false
    };
    timeout(time, skip).await.unwrap_or(false)
}
