//! The writing side of a guest's connection.

use std::fmt::{self, Write as _};
use std::io;

use bytes::{BufMut as _, Bytes, BytesMut};
use hyper::{HeaderMap, StatusCode};
use tokio::io::{AsyncWriteExt as _, WriteHalf};

use crate::stream::Stream;

/// A stream with the bytes that are to be written to it.
#[derive(Debug)]
pub(crate) struct Writer {
    stream: WriteHalf<Stream>,
    buffer: BytesMut,
    chunked: bool,
    begun: bool,
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct AnswerHead<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) length: AnswerLength,
    pub(crate) close: bool,
}

/// How an answer's body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerLength {
    /// There can be no body; what the headers say of its length, if anything, stands there already.
    Bodiless,
    /// By its length.
    Known(u64),
    /// By chunks.
    Chunked,
}

/// A buffered piece below this size is copied behind what waits already, so that both leave in one write.
const COPIED_BYTES: usize = 4 << 10;

impl Writer {
    pub(crate) fn new(stream: WriteHalf<Stream>) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            chunked: false,
            begun: false,
        }
    }

    /// Prepares the head of an answer; it leaves with the first flush.
    pub(crate) fn head(&mut self, head: &AnswerHead<'_>) {
        self.begun = true;
        self.chunked = head.length == AnswerLength::Chunked;
        self.status_line(head.status);
        self.fields(head.headers);
        match head.length {
            AnswerLength::Bodiless => {}
            AnswerLength::Known(length) => self.put_text(format_args!("content-length: {length}\r\n")),
            AnswerLength::Chunked => self.put(b"transfer-encoding: chunked\r\n"),
        }
        if head.close {
            self.put(b"connection: close\r\n");
        }
        self.put(b"\r\n");
    }

    /// Writes a whole 1xx answer.
    pub(crate) async fn informational(&mut self, status: StatusCode, headers: &HeaderMap) -> io::Result<()> {
        self.begun = true;
        self.status_line(status);
        self.fields(headers);
        self.put(b"\r\n");
        self.flush().await?;
        self.begun = false;
        Ok(())
    }

    /// Tells whether an answer was begun and not ended, so that no other one can be written.
    pub(crate) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Writes a piece of the body.
    pub(crate) async fn data(&mut self, mut piece: Bytes) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        if self.chunked {
            self.put_text(format_args!("{:x}\r\n", piece.len()));
        }
        if piece.len() < COPIED_BYTES {
            self.put(&piece);
        } else {
            self.write_buffered().await?;
            self.stream.write_all_buf(&mut piece).await?;
        }
        if self.chunked {
            self.put(b"\r\n");
        }
        Ok(())
    }

    /// Prepares the end of the body.
    pub(crate) fn end(&mut self, trailers: Option<&HeaderMap>) {
        if self.chunked {
            self.put(b"0\r\n");
            if let Some(trailers) = trailers {
                self.fields(trailers);
            }
            self.put(b"\r\n");
        }
    }

    /// Writes whatever still waits of an answer that is complete.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.flush().await?;
        }
        self.begun = false;
        Ok(())
    }

    /// Writes a few bytes that are no answer of the usual form.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes);
        self.flush().await
    }

    /// Writes whatever waits.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        self.write_buffered().await?;
        self.stream.flush().await
    }

    /// Ends the stream in good order.
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Returns the stream.
    pub(crate) fn into_stream(self) -> WriteHalf<Stream> {
        self.stream
    }

    async fn write_buffered(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.stream.write_all_buf(&mut self.buffer).await
    }

    fn status_line(&mut self, status: StatusCode) {
        self.put(b"HTTP/1.1 ");
        self.put(status.as_str().as_bytes());
        self.put(b" ");
        self.put(status.canonical_reason().unwrap_or_default().as_bytes());
        self.put(b"\r\n");
    }

    fn fields(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            self.put(name.as_str().as_bytes());
            self.put(b": ");
            self.put(value.as_bytes());
            self.put(b"\r\n");
        }
    }

    fn put_text(&mut self, text: fmt::Arguments<'_>) {
        let written = self.buffer.write_fmt(text);
        debug_assert!(written.is_ok(), "the buffer grows");
    }

    fn put(&mut self, bytes: &[u8]) {
        self.buffer.put_slice(bytes);
    }
}
