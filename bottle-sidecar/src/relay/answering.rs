//! A door that ends while somebody waits for its answer: what waits gets one all the same.
//!
//! An agent may wait for half a minute until a person decides. If the sidecar is killed meanwhile nobody else is left
//! to answer, and a client that only sees its connection break cannot tell this from a bug of its own.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The door whose clients wait for people.
const PATIENT: &str = "supervise.sock";

/// What is answered: HTTP, and within it an error of JSON-RPC 2.0 whose request nobody knows any more.
const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 193\r\n\
Connection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32603,\"message\":\"the bottle's sidecar \
ended before it answered, so nothing was allowed; what was asked stays open: call check_request or ask again\"}}";

/// Tells whether the clients of a door's socket wait for people.
pub(super) fn is_patient(socket: &Path) -> bool {
    socket.file_name().is_some_and(|name| name == PATIENT)
}

/// A stream to a door. It knows only who spoke last: whoever has sent something and got nothing yet is answered.
#[derive(Debug)]
pub(super) struct Answering<S> {
    door: S,
    is_awaited: bool,
    /// What is left to be read in the place of the door's own words, once it has ended.
    left: Option<&'static [u8]>,
}

impl<S> Answering<S> {
    pub(super) fn new(door: S) -> Self {
        Self {
            door,
            is_awaited: false,
            left: None,
        }
    }

    fn end(&mut self) {
        let answer = if self.is_awaited { ANSWER } else { &[] };
        self.left.get_or_insert(answer);
    }

    fn read_left(&mut self, buffer: &mut ReadBuf<'_>) {
        let left = self.left.unwrap_or_default();
        let (now, later) = left.split_at(left.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.left = Some(later);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Answering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_none() {
            let before = buffer.filled().len();
            let read = ready!(Pin::new(&mut self.door).poll_read(context, buffer));
            if read.is_ok() && buffer.filled().len() > before {
                self.is_awaited = false;
                return Poll::Ready(Ok(()));
            }
            self.end();
        }
        self.read_left(buffer);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Answering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.left.is_none() {
            let written = ready!(Pin::new(&mut self.door).poll_write(context, bytes));
            self.is_awaited = true;
            if let Ok(1..) = written {
                return Poll::Ready(written);
            }
        }
        // Nobody takes it any more; the reading side says so.
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _gone = ready!(Pin::new(&mut self.door).poll_flush(context));
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _gone = ready!(Pin::new(&mut self.door).poll_shutdown(context));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn answered(door_says: &[u8], client_says: &[u8]) -> Vec<u8> {
        let (near, mut door) = tokio::io::duplex(1000);
        let mut stream = Answering::new(near);
        stream.write_all(b"POST / HTTP/1.1\r\n\r\n").await.unwrap();
        door.read_exact(&mut [0; 19]).await.unwrap();
        door.write_all(door_says).await.unwrap();
        let mut heard = vec![0; door_says.len()];
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(client_says).await.unwrap();
        drop(door);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        rest
    }

    #[tokio::test]
    async fn only_what_waits_is_answered() {
        assert_eq!(answered(b"", b"").await, ANSWER);
        assert!(answered(b"HTTP/1.1 200 OK\r\n\r\n", b"").await.is_empty());
        assert_eq!(
            answered(b"HTTP/1.1 200 OK\r\n\r\n", b"POST / HTTP/1.1").await,
            ANSWER
        );
    }

    #[tokio::test]
    async fn what_is_sent_to_a_door_that_has_ended_is_answered_too() {
        let (near, door) = tokio::io::duplex(1000);
        let mut stream = Answering::new(near);
        drop(door);
        stream.write_all(b"POST / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, ANSWER);
    }

    #[test]
    fn the_answer_is_whole() {
        let text = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = format!("Content-Length: {}\r\n", body.len());
        assert!(head.contains(&length), "{length}");
        let json: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(json["jsonrpc"], "2.0");
        assert!(
            is_patient(Path::new("/doors/supervise.sock")) && !is_patient(Path::new("/doors/egress.sock"))
        );
    }
}
