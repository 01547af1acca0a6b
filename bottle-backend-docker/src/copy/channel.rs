//! From a thread that writes to a request that is sent.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::sync::mpsc;

/// How much is written before it is handed on.
const PIECE: usize = 128 << 10;
/// How many pieces wait for the engine.
const WAITING: usize = 8;

/// The thread's end. What is left in it when it is dropped without a flush is lost.
pub(crate) struct ChannelWriter {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    open: BytesMut,
}

/// Makes both ends.
pub(crate) fn pipe() -> (
    ChannelWriter,
    impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) {
    let (pieces, mut received) = mpsc::channel(WAITING);
    let writer = ChannelWriter {
        pieces,
        open: BytesMut::with_capacity(PIECE),
    };
    (
        writer,
        futures_util::stream::poll_fn(move |cx| received.poll_recv(cx)),
    )
}

impl Write for ChannelWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open.extend_from_slice(bytes);
        if self.open.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.open.is_empty() {
            return Ok(());
        }
        let piece = self.open.split().freeze();
        let sent = self.pieces.blocking_send(Ok(piece));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
