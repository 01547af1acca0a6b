//! Copies between two streams, both ways, each way until its own end.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that are read at once, and so the most that one direction of a connection ever holds.
pub(super) const BUFFER: usize = 64 << 10;

thread_local! {
    // One for all connections: only what the other side did not take at once is kept per connection, so that an idle
    // connection costs next to nothing.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER].into_boxed_slice());
}

/// Copies until both sides have ended; the end of one side is passed on and the other direction goes on.
///
/// # Errors
///
/// When either stream breaks. Both are to be dropped then.
pub(super) async fn copy_both_ways<A, B>(mut a: A, mut b: B) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (mut up, mut down) = (OneWay::default(), OneWay::default());
    poll_fn(|context| {
        let up = up.poll(context, &mut a, &mut b)?;
        let down = down.poll(context, &mut b, &mut a)?;
        match up.is_ready() && down.is_ready() {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    })
    .await
}

/// One direction.
#[derive(Default)]
struct OneWay {
    stage: Stage,
    /// What was read and not yet written.
    kept: Vec<u8>,
    /// How much of it has been written since.
    written: usize,
}

#[derive(Default, Clone, Copy)]
enum Stage {
    #[default]
    Copying,
    Ending,
    Ended,
}

impl OneWay {
    fn poll<R, W>(&mut self, context: &mut Context<'_>, from: &mut R, to: &mut W) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            match self.stage {
                Stage::Copying => {
                    ready!(self.write_kept(context, to))?;
                    if ready!(self.copy(context, from, to))? == 0 {
                        self.stage = Stage::Ending;
                    }
                }
                Stage::Ending => {
                    ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                    self.stage = Stage::Ended;
                }
                Stage::Ended => return Poll::Ready(Ok(())),
            }
        }
    }

    fn write_kept(
        &mut self,
        context: &mut Context<'_>,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = self.kept.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut *to).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.written += count,
            }
        }
        (self.kept, self.written) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    /// Reads once, writes what the other side takes at once and keeps the rest; returns what was read.
    fn copy(
        &mut self,
        context: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<usize>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(from).poll_read(context, &mut buffer))?;
            let read = buffer.filled();
            if !read.is_empty() {
                let taken = match Pin::new(to).poll_write(context, read) {
                    Poll::Ready(taken) => taken?,
                    Poll::Pending => 0,
                };
                self.kept.extend_from_slice(read.get(taken..).unwrap_or_default());
            }
            Poll::Ready(Ok(read.len()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_slow_reader_gets_every_byte_in_order() {
        let (mut client, near) = tokio::io::duplex(1000);
        let (far, mut server) = tokio::io::duplex(7);
        let sent: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let copy = tokio::spawn(copy_both_ways(near, far));
        let expected = sent.clone();
        let writer = tokio::spawn(async move {
            client.write_all(&sent).await.unwrap();
            client.shutdown().await.unwrap();
            let mut back = Vec::new();
            client.read_to_end(&mut back).await.unwrap();
            back
        });
        let mut received = Vec::new();
        server.read_to_end(&mut received).await.unwrap();
        assert!(received == expected);
        server.write_all(b"answered after the end").await.unwrap();
        drop(server);
        assert_eq!(writer.await.unwrap(), b"answered after the end");
        copy.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_broken_side_ends_the_connection() {
        let (client, near) = tokio::io::duplex(10);
        let (far, server) = tokio::io::duplex(10);
        drop(server);
        let mut client = client;
        client.write_all(b"x").await.unwrap();
        assert!(copy_both_ways(near, far).await.is_err());
    }
}
