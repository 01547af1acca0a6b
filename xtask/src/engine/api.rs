//! Speaks to the engine over its socket, since a machine may have an engine and no client.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The engine's HTTP interface. Requests are HTTP/1.0, so that an answer ends where the connection does.
#[derive(Debug)]
pub(crate) struct Api {
    socket: PathBuf,
}

/// For how long the engine may say nothing before it counts as stuck.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence(pub(crate) Duration);

/// Whether an engine can be spoken to.
#[derive(Debug)]
pub(crate) enum Presence {
    Answers,
    Absent,
    Forbidden,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Api {
    /// An answer longer than this is cut; progress reports of a pull are the longest.
    const ANSWER_LIMIT: u64 = 16 << 20;

    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(crate) fn presence(&self) -> Presence {
        match UnixStream::connect(&self.socket) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Presence::Forbidden,
            Err(_) => Presence::Absent,
            Ok(_) => match self.send("GET", "/_ping", Silence(Duration::from_secs(5))) {
                Ok(answer) if answer.status == 200 => Presence::Answers,
                _ => Presence::Absent,
            },
        }
    }

    /// Sends a request without a body.
    pub(crate) fn send(&self, method: &str, path: &str, silence: Silence) -> Result<Answer> {
        self.exchange(
            &format!("{method} {path} HTTP/1.0\r\nHost: engine\r\n\r\n"),
            io::empty(),
            silence,
        )
    }

    /// Sends a file as the body of a POST.
    pub(crate) fn post_file(&self, path: &str, mut file: File, silence: Silence) -> Result<Answer> {
        let length = file.metadata()?.len();
        let head = format!(
            "POST {path} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/x-tar\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        self.exchange(&head, &mut file, silence)
    }

    fn exchange(&self, head: &str, mut body: impl Read, silence: Silence) -> Result<Answer> {
        let mut stream = UnixStream::connect(&self.socket)
            .with_context(|| format!("cannot connect to {}", self.socket.display()))?;
        stream.set_read_timeout(Some(silence.0))?;
        stream.set_write_timeout(Some(silence.0))?;
        stream.write_all(head.as_bytes())?;
        io::copy(&mut body, &mut stream)?;
        let mut answer = Vec::new();
        stream
            .take(Self::ANSWER_LIMIT)
            .read_to_end(&mut answer)
            .context("the engine fell silent")?;
        parse(&answer)
    }
}

fn parse(answer: &[u8]) -> Result<Answer> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .context("the engine's answer has no end of head")?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let Some(status) = status else {
        bail!("the engine's answer has no status: {head:?}")
    };
    Ok(Answer {
        status,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_missing_socket_is_an_absent_engine() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Api::new(folder.path().join("none")).presence(),
            Presence::Absent
        ));
    }

    #[test]
    fn a_file_arrives_whole_and_the_answer_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 64];
            while !request.ends_with(b"the whole file") {
                let count = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..count]);
            }
            stream
                .write_all(b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\n{\"a\":1}\n{\"b\":2}\n")
                .unwrap();
            String::from_utf8(request).unwrap()
        });
        let path = folder.path().join("body");
        std::fs::write(&path, "the whole file").unwrap();
        let silence = Silence(Duration::from_secs(10));
        let answer = Api::new(socket)
            .post_file("/images/create", File::open(path).unwrap(), silence)
            .unwrap();
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, "{\"a\":1}\n{\"b\":2}\n")
        );
        assert!(server.join().unwrap().contains("Content-Length: 14\r\n"));
    }

    #[test]
    fn an_answer_without_a_status_is_an_error() {
        assert!(parse(b"nonsense\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.0 200 OK").is_err());
    }
}
