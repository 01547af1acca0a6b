//! Promises about commands whose streams stay open.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Harness;
use super::bottles::{chain, sh, start, text};
use crate::{AgentSession, Io, TerminalSize};

const SIZE: TerminalSize = TerminalSize {
    columns: 91,
    rows: 33,
};
const PATIENCE: Duration = Duration::from_secs(30);

async fn open(run: &super::Running, script: &str, terminal: Option<TerminalSize>) -> AgentSession {
    let session = run.bottle.exec_agent(&sh(script), terminal).await;
    session.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

async fn ended(session: &AgentSession) -> i32 {
    let status = tokio::time::timeout(PATIENCE, session.control.wait()).await;
    let status = status.unwrap_or_else(|_| panic!("the program did not end"));
    status.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

async fn all(stream: &mut Io<dyn tokio::io::AsyncRead + Send>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the stream did not end");
    bytes
}

async fn until(stream: &mut Io<dyn tokio::io::AsyncRead + Send>, wanted: &str) -> String {
    let mut seen = Vec::new();
    let read = tokio::time::timeout(PATIENCE, async {
        while !text(&seen).contains(wanted) {
            let mut piece = [0; 1024];
            match stream.read(&mut piece).await {
                Ok(read) if read > 0 => seen.extend(piece.iter().take(read)),
                _ => break,
            }
        }
    });
    let _ = read.await;
    assert!(
        text(&seen).contains(wanted),
        "waited for {wanted:?} and saw {:?}",
        text(&seen)
    );
    text(&seen)
}

pub async fn without_a_terminal_streams_stay_apart(harness: &dyn Harness) {
    let run = start(harness).await;
    let mut session = open(&run, "test -t 0 && echo tty; cat; echo err >&2; exit 7", None).await;
    let _ = session.input.write_all(b"through").await;
    let _ = session.input.shutdown().await;
    assert_eq!(text(&all(&mut session.output).await), "through");
    let mut errors = session
        .errors
        .take()
        .unwrap_or_else(|| panic!("no stream of errors"));
    assert_eq!(text(&all(&mut errors).await), "err\n");
    assert_eq!(ended(&session).await, 7);
    run.end().await;
}

pub async fn a_terminal_has_the_size_it_was_given(harness: &dyn Harness) {
    let run = start(harness).await;
    let script = "trap 'stty size; echo resized' WINCH; test -t 0 && test -t 1 && stty size; echo ready; \
                  while :; do sleep 0.1; done";
    let mut session = open(&run, script, Some(SIZE)).await;
    assert!(session.errors.is_none());
    let first = until(&mut session.output, "ready").await;
    assert!(first.contains("33 91"), "{first:?}");
    let size = TerminalSize {
        columns: 120,
        rows: 40,
    };
    let resized = session.control.resize(size).await;
    resized.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let second = until(&mut session.output, "resized").await;
    assert!(second.contains("40 120"), "{second:?}");
    let _ = session.input.write_all(b"\x03").await;
    assert_ne!(ended(&session).await, 0);
    run.end().await;
}

pub async fn a_terminal_passes_every_byte(harness: &dyn Harness) {
    let run = start(harness).await;
    let script =
        "stty raw -echo; printf '\\001\\000\\000\\000\\000\\000\\000\\002\\000\\001\\002\\003'; exit 5";
    let mut session = open(&run, script, Some(SIZE)).await;
    let bytes = all(&mut session.output).await;
    assert_eq!(bytes, b"\x01\0\0\0\0\0\0\x02\0\x01\x02\x03");
    assert_eq!(ended(&session).await, 5);
    run.end().await;
}

pub async fn an_interrupt_reaches_the_terminals_program(harness: &dyn Harness) {
    let run = start(harness).await;
    let mut session = open(
        &run,
        "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done",
        Some(SIZE),
    )
    .await;
    until(&mut session.output, "ready").await;
    let _ = session.input.write_all(b"\x03").await;
    until(&mut session.output, "caught").await;
    assert_eq!(ended(&session).await, 9);
    run.end().await;
}

pub async fn no_output_is_lost_at_the_end(harness: &dyn Harness) {
    let run = start(harness).await;
    for terminal in [None, Some(SIZE)] {
        let mut session = open(&run, "head -c 3000000 /dev/zero | tr '\\0' x; echo end", terminal).await;
        let (bytes, status) = tokio::join!(all(&mut session.output), session.control.wait());
        assert_eq!(bytes.iter().filter(|byte| **byte == b'x').count(), 3_000_000);
        assert!(text(&bytes).trim_end().ends_with("end"));
        assert!(matches!(status, Ok(0)), "{status:?}");
    }
    run.end().await;
}

pub async fn a_child_that_stays_does_not_hold_the_end_up(harness: &dyn Harness) {
    let run = start(harness).await;
    let session = open(&run, "sleep 60 & echo begun; exit 4", None).await;
    assert_eq!(ended(&session).await, 4);
    run.end().await;
}
