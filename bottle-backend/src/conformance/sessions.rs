//! Promises about commands whose streams stay open.

use std::time::Duration;

use bottle_util::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::bottles::{chain, lacks, sh, start, text};
use super::{Ability, Harness};
use crate::{AgentSession, ExecCommand, Io, TerminalSize, pass_on};

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

pub async fn a_child_that_stays_is_not_listened_to_for_ever(harness: &dyn Harness) {
    let run = start(harness).await;
    let script = "sleep 60 & echo begun; echo complaint >&2; exit 4";
    let AgentSession {
        output,
        errors,
        control,
        ..
    } = open(&run, script, None).await;
    let (mut shown, mut complained) = (Vec::new(), Vec::new());
    let passed = pass_on(
        control.as_ref(),
        output,
        errors,
        |bytes| shown.extend_from_slice(bytes),
        |bytes| complained.extend_from_slice(bytes),
    );
    let passed = tokio::time::timeout(PATIENCE, passed).await;
    assert!(matches!(passed, Ok(Ok(4))), "{passed:?}");
    assert_eq!(
        (text(&shown), text(&complained)),
        ("begun\n".to_owned(), "complaint\n".to_owned())
    );
    // One that never falls silent.
    let AgentSession {
        output,
        errors,
        control,
        ..
    } = open(&run, "cat /dev/zero & exit 5", None).await;
    let passed = pass_on(control.as_ref(), output, errors, |_| {}, |_| {});
    let passed = tokio::time::timeout(PATIENCE, passed).await;
    assert!(matches!(passed, Ok(Ok(5))), "{passed:?}");
    run.end().await;
}

pub async fn a_session_has_the_user_folder_and_variables_it_was_given(harness: &dyn Harness) {
    let run = start(harness).await;
    run.prints("mkdir -p \"$HOME/a b\"", "").await;
    let home = text(&run.sh("printf %s \"$HOME\"").await.stdout);
    let name = "BOTTLE_TEST_TOKEN"
        .parse()
        .unwrap_or_else(|error| panic!("{error}"));
    let there = format!("{home}/a b")
        .parse()
        .unwrap_or_else(|error| panic!("{error}"));
    let command = sh("pwd; printf '%s\\n' \"$BOTTLE_TEST_TOKEN\"; id -u; test -t 1 && echo \"$TERM\"")
        .in_directory(there)
        .with_env(vec![(name, Secret::from("a token".to_owned()))]);
    for terminal in [None, Some(SIZE)] {
        let session = run.bottle.exec_agent(&command, terminal).await;
        let mut session = session.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let printed = text(&all(&mut session.output).await).replace('\r', "");
        let mut lines = printed.lines();
        assert_eq!(lines.next(), Some(format!("{home}/a b").as_str()), "{printed:?}");
        assert_eq!(lines.next(), Some("a token"), "{printed:?}");
        let user = lines.next();
        if !lacks(harness, Ability::Users) {
            assert_eq!(user, Some("1000"), "{printed:?}");
        }
        assert_eq!(lines.next().is_some(), terminal.is_some(), "{printed:?}");
        assert_eq!(ended(&session).await, i32::from(terminal.is_none()));
    }
    run.end().await;
}

pub async fn sessions_run_side_by_side_each_with_its_own_end(harness: &dyn Harness) {
    let run = start(harness).await;
    let script = "read word; echo \"got $word\"; exit \"$word\"";
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(open(&run, script, None).await);
    }
    // The last one is answered first: nobody waits for those before.
    for (status, session) in sessions.iter_mut().enumerate().rev() {
        let _ = session.input.write_all(format!("{status}\n").as_bytes()).await;
        until(&mut session.output, &format!("got {status}")).await;
        assert_eq!(ended(session).await, i32::try_from(status).unwrap_or(-1));
    }
    let killed = open(&run, "kill -KILL $$", None).await;
    assert_eq!(ended(&killed).await, 137);
    let missing = run
        .bottle
        .exec_agent(&ExecCommand::agent(["/no/such/program"]), None)
        .await;
    if let Ok(session) = missing {
        assert_eq!(ended(&session).await, 127);
    }
    run.end().await;
}
