//! What is asked of the egress door: which names it has routes for, and a way to one of them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long the door may take over one answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// The longest answer about a name, in bytes.
const MOST_ANSWER_BYTES: u64 = 16 << 10;
/// The longest head of an answer to `CONNECT`, in bytes.
const MOST_HEAD_BYTES: usize = 4 << 10;

/// The egress door, behind its socket.
#[derive(Debug)]
pub(super) struct Egress {
    socket: PathBuf,
}

/// What the door says about a name: the ports that its route lists.
#[derive(Debug, Deserialize)]
struct Listed {
    ports: Vec<u16>,
}

impl Egress {
    pub(super) fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// Asks for the ports of a name, which must be of letters, digits, dots, hyphens and underscores; none if no route
    /// is for it.
    pub(super) async fn ports(&self, name: &str) -> io::Result<Option<Vec<u16>>> {
        timeout(ANSWER_TIME, self.ask(name)).await?
    }

    async fn ask(&self, name: &str) -> io::Result<Option<Vec<u16>>> {
        let mut door = UnixStream::connect(&self.socket).await?;
        let request = format!(
            "GET http://_egress.local/resolve?name={name} HTTP/1.1\r\nHost: _egress.local\r\nConnection: close\r\n\r\n"
        );
        door.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        door.take(MOST_ANSWER_BYTES).read_to_end(&mut answer).await?;
        read_ports(&answer)
    }

    /// Opens a tunnel to a name and port, and returns the door with what came after its head.
    pub(super) async fn tunnel(&self, name: &str, port: u16) -> io::Result<(UnixStream, Vec<u8>)> {
        timeout(ANSWER_TIME, async {
            let mut door = UnixStream::connect(&self.socket).await?;
            let request = format!("CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n");
            door.write_all(request.as_bytes()).await?;
            let rest = read_head(&mut door).await?;
            Ok((door, rest))
        })
        .await?
    }
}

fn read_ports(answer: &[u8]) -> io::Result<Option<Vec<u16>>> {
    match status(answer) {
        Some(b"200") => {
            let body = end_of_head(answer)
                .and_then(|end| answer.get(end..))
                .unwrap_or_default();
            let listed: Listed = serde_json::from_slice(body)?;
            Ok(Some(listed.ports))
        }
        Some(b"403") => Ok(None),
        _ => Err(io::Error::other(
            "the egress door does not say which names it knows",
        )),
    }
}

/// Reads the head of an answer that must be a 200, and returns what came after it.
async fn read_head(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = end_of_head(&read) {
            return match status(&read) {
                Some(b"200") => Ok(read.split_off(end)),
                _ => Err(io::ErrorKind::ConnectionRefused.into()),
            };
        }
        if read.len() >= MOST_HEAD_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if from.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn status(answer: &[u8]) -> Option<&[u8]> {
    let rest = answer.strip_prefix(b"HTTP/1.1 ")?;
    let (status, rest) = rest.split_at_checked(3)?;
    rest.starts_with(b" ").then_some(status)
}

fn end_of_head(answer: &[u8]) -> Option<usize> {
    answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_a_200_and_a_403_is_no_route() {
        let ports = |answer: &str| read_ports(answer.as_bytes()).ok();
        assert_eq!(
            ports("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"name\":\"a\",\"ports\":[443,80]}\n"),
            Some(Some(vec![443, 80]))
        );
        assert_eq!(ports("HTTP/1.1 403 Forbidden\r\n\r\n{}"), Some(None));
        for answer in [
            "",
            "HTTP/1.1 503 x\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n{\"ports\":[443",
            "HTTP/1.1 200",
        ] {
            assert_eq!(ports(answer), None, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn what_follows_a_head_is_kept_and_a_long_one_is_refused() {
        let read = async |mut bytes: &[u8]| read_head(&mut bytes).await.ok();
        assert_eq!(
            read(b"HTTP/1.1 200 ok\r\n\r\nrest").await.as_deref(),
            Some(&b"rest"[..])
        );
        assert_eq!(read(b"HTTP/1.1 403 no\r\n\r\n").await, None);
        assert_eq!(read(b"HTTP/1.1 200 ok\r\n").await, None);
        let long = format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(1 << 20));
        assert_eq!(read(long.as_bytes()).await, None);
    }
}
