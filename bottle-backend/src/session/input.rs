//! An input that ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

/// A stream that is closed when it is shut down: pipes have no other way to say that nothing more comes.
#[derive(Debug)]
pub struct ClosedAtShutdown<W>(Option<W>);

impl<W> ClosedAtShutdown<W> {
    /// Takes a stream that is open; what is none is closed already.
    pub const fn new(stream: Option<W>) -> Self {
        Self(stream)
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for ClosedAtShutdown<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Some(stream) => Pin::new(stream).poll_write(cx, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Some(stream) => Pin::new(stream).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}
