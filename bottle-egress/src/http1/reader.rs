//! The reading side of a guest's connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, ReadHalf};
use tokio_util::io::poll_read_buf;

use super::HeadError;
use crate::limits;
use crate::patience::Patience;
use crate::stream::Stream;

/// A stream with the bytes that were read from it and not yet used.
#[derive(Debug)]
pub(crate) struct Reader {
    stream: ReadHalf<Stream>,
    buffer: BytesMut,
}

/// Says why no further head can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error("the head took too long")]
    TooSlow,
    #[error("the connection ended inside a head")]
    Ended,
    #[error("the connection failed")]
    Io(#[from] io::Error),
}

impl Reader {
    pub(crate) fn new(stream: ReadHalf<Stream>) -> Self {
        let buffer = BytesMut::new();
        Self { stream, buffer }
    }

    /// Reads the next head, up to and with its empty line; none when the connection ended between requests or stayed
    /// idle for too long.
    ///
    /// # Errors
    ///
    /// When the head does not end in time or in bounds, or cannot be a head.
    pub(crate) async fn head(&mut self, patience: &mut Patience) -> Result<Option<Bytes>, ReadError> {
        if self.buffer.is_empty() {
            match patience
                .wait(limits::IDLE, self.fill(limits::HEAD_READ_BYTES))
                .await
            {
                None | Some(Ok(0) | Err(_)) => return Ok(None),
                Some(Ok(_)) => {}
            }
        }
        if let Some(head) = self.take_head(&mut 0)? {
            return Ok(Some(head));
        }
        let rest = patience.wait(limits::HEAD_TIME, self.rest_of_head()).await;
        rest.ok_or(ReadError::TooSlow)?.map(Some)
    }

    async fn rest_of_head(&mut self) -> Result<Bytes, ReadError> {
        let mut searched = 0;
        loop {
            if let Some(head) = self.take_head(&mut searched)? {
                return Ok(head);
            }
            if self.fill(limits::HEAD_READ_BYTES).await? == 0 {
                return Err(ReadError::Ended);
            }
        }
    }

    /// Takes a head out of the buffer once its end is there. A line end without CR is refused as soon as it is seen.
    fn take_head(&mut self, searched: &mut usize) -> Result<Option<Bytes>, HeadError> {
        while let Some(at) = self
            .buffer
            .get(*searched..)
            .and_then(|rest| memchr::memchr(b'\n', rest))
        {
            let end = *searched + at;
            let line = self.buffer.get(..=end).unwrap_or_default();
            if !line.ends_with(b"\r\n") {
                return Err(HeadError::LineEnd);
            }
            *searched = end + 1;
            if line.ends_with(b"\r\n\r\n") || line == b"\r\n" {
                return Ok(Some(self.copy_out(end + 1)));
            }
        }
        *searched = self.buffer.len();
        if self.buffer.len() >= limits::HEAD_BYTES {
            return Err(HeadError::TooLong);
        }
        Ok(None)
    }

    /// Takes bytes out of the buffer. They are few, and the room that they leave can be used again at once.
    fn copy_out(&mut self, length: usize) -> Bytes {
        let head = Bytes::copy_from_slice(self.buffer.get(..length).unwrap_or_default());
        self.buffer.advance(length);
        if self.buffer.is_empty() {
            self.buffer.clear();
        }
        head
    }

    /// Reads some bytes into the buffer, for which it makes room; 0 at the end of the stream. Cancelling it loses nothing.
    pub(crate) async fn fill(&mut self, most: usize) -> io::Result<usize> {
        self.buffer.reserve(most);
        self.stream.read_buf(&mut self.buffer).await
    }

    /// Reads what is there of a body into the buffer, up to a bound; 0 at the end of the stream.
    ///
    /// TLS comes in records: passing several on together costs one write instead of one each.
    pub(crate) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut count = 0;
        while count < limits::READ_BYTES {
            self.buffer.reserve(limits::READ_BYTES / 4);
            match poll_read_buf(Pin::new(&mut self.stream), context, &mut self.buffer) {
                Poll::Ready(Ok(read)) if read > 0 => count += read,
                Poll::Pending if count == 0 => return Poll::Pending,
                Poll::Ready(Err(error)) if count == 0 => return Poll::Ready(Err(error)),
                _ => break,
            }
        }
        Poll::Ready(Ok(count))
    }

    /// Returns the bytes that were read and not yet used.
    pub(crate) const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Returns the stream and the bytes that were read from it.
    pub(crate) fn into_parts(self) -> (ReadHalf<Stream>, BytesMut) {
        (self.stream, self.buffer)
    }
}
