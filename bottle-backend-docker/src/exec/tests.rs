//! Against a socket that plays an engine: what is sent, and that bytes arrive as they were written.

use std::path::Path;

use bottle_backend::{AgentSession, ExecCommand, TerminalSize};
use bottle_util::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::*;
use crate::guest_exec::guest_exec;
use crate::labels::AgentUser;

/// Bytes that look like the engine's frames and are not.
const BINARY: &[u8] = b"\x01\0\0\0\0\0\0\x05hello\x02\0\0\0\xff\xff\xff\xff\x00\x01\x02";

/// Reads one request's head and body.
async fn request(stream: &mut UnixStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase();
            let length = length
                .split_once("content-length: ")
                .map_or("0", |(_, rest)| rest);
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            if body.len() >= length || read == 0 {
                return text;
            }
        }
    }
}

async fn answer(listener: &UnixListener, body: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let asked = request(&mut stream).await;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    asked
}

/// Starts the exec that was asked for and returns its stream.
async fn hijacked(listener: &UnixListener) -> (UnixStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let asked = request(&mut stream).await;
    let head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    (stream, asked)
}

fn engine(socket: &Path) -> Engine {
    Engine {
        docker: bollard::Docker::connect_with_unix(socket.to_str().unwrap(), 5, bollard::API_DEFAULT_VERSION)
            .unwrap(),
        raw: crate::engine::RawClient::new(socket),
        making: std::sync::Arc::default(),
    }
}

/// Opens a session against an engine that writes `written` and says that the program has ended with 7.
async fn session(size: Option<TerminalSize>, written: Vec<u8>) -> (AgentSession, [String; 2], Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let engine = engine(&socket);
    let mut command = ExecCommand::agent(["cat"]);
    command.env = vec![("TOKEN".parse().unwrap(), Secret::from("secret".to_owned()))];
    let exec = guest_exec(&command, AgentUser { uid: 1000, gid: 1000 }, size, None);
    let plays = async {
        let created = answer(&listener, "{\"Id\":\"e1\"}").await;
        let (mut stream, started) = hijacked(&listener).await;
        stream.write_all(&written).await.unwrap();
        let mut input = vec![0; 4];
        stream.read_exact(&mut input).await.unwrap();
        drop(stream);
        answer(&listener, "{\"Running\":true,\"ExitCode\":null}").await;
        answer(&listener, "{\"Running\":false,\"ExitCode\":7}").await;
        ([created, started], input)
    };
    let uses = async {
        let mut session = open_session(&engine, "agent", "cat", &exec).await.unwrap();
        session.input.write_all(b"in\x00\x01").await.unwrap();
        session.input.flush().await.unwrap();
        assert_eq!(session.control.wait().await.unwrap(), 7);
        session
    };
    let ((asked, input), session) = tokio::join!(plays, uses);
    (session, asked, input)
}

#[tokio::test]
async fn a_terminals_bytes_are_never_taken_for_frames() {
    let size = TerminalSize {
        columns: 91,
        rows: 33,
    };
    let (mut session, asked, input) = session(Some(size), BINARY.to_vec()).await;
    let mut output = Vec::new();
    session.output.read_to_end(&mut output).await.unwrap();
    assert_eq!(output, BINARY);
    assert_eq!(input, b"in\x00\x01");
    assert!(session.errors.is_none());
    assert!(asked[0].contains("\"Tty\":true"), "{}", asked[0]);
    assert!(
        asked[0].contains("[\"/doors/relay\",\"exec\",\"--cwd\",\"/\",\"--size\",\"91x33\",\"--\",\"cat\"]")
    );
    assert!(asked[0].contains("\"Env\":[\"TOKEN=secret\"]") && asked[0].contains("\"WorkingDir\":\"/\""));
    assert!(asked[0].contains("\"User\":\"1000:1000\""));
    assert!(
        asked[1].starts_with("POST /exec/e1/start ") && asked[1].contains("\"Tty\":true"),
        "{}",
        asked[1]
    );
}

#[tokio::test]
async fn without_a_terminal_frames_are_taken_apart() {
    let mut written = vec![1, 0, 0, 0, 0, 0, 0, u8::try_from(BINARY.len()).unwrap()];
    written.extend_from_slice(BINARY);
    written.extend_from_slice(b"\x02\0\0\0\0\0\0\x03err");
    let (mut session, _, _) = session(None, written).await;
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    session.output.read_to_end(&mut output).await.unwrap();
    session
        .errors
        .as_mut()
        .unwrap()
        .read_to_end(&mut errors)
        .await
        .unwrap();
    assert_eq!(
        (output.as_slice(), errors.as_slice()),
        (BINARY, b"err".as_slice())
    );
}

#[tokio::test]
async fn an_engine_that_refuses_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let engine = engine(&socket);
    let plays = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        let body = "{\"message\":\"No such container: agent\"}";
        let head = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n", body.len());
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .unwrap();
    };
    let asks = status(&engine, "e1");
    let ((), asked) = tokio::join!(plays, asks);
    assert_eq!(
        asked.unwrap_err().to_string(),
        "the engine refused: No such container: agent"
    );
}
