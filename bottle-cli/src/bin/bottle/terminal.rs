//! The user's terminal while an agent is attached to it: raw mode, size, keys in, filtered bytes out.

use std::io::{self, IsTerminal, Read, Write};

use bottle_backend::{AgentSession, ExecError, TerminalSize};
use bottle_util::terminal::Filter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Puts the terminal into raw mode and back, also when it is dropped on the way out of an error.
struct RawMode;

impl RawMode {
    fn enter() -> io::Result<Self> {
        crossterm::terminal::enable_raw_mode()?;
        Ok(Self)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

/// Tells whether a person sits at both ends.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Tells whether standard output is a terminal.
pub(crate) fn is_output() -> bool {
    io::stdout().is_terminal()
}

/// Tells whether standard error is a terminal.
pub(crate) fn is_error_output() -> bool {
    io::stderr().is_terminal()
}

/// Turns an agent's status into our own.
pub(crate) fn status(status: i32) -> u8 {
    u8::try_from(status).unwrap_or(u8::MAX)
}

/// Returns the terminal's size, 80 by 24 when it does not say.
pub(crate) fn size() -> TerminalSize {
    let (columns, rows) = crossterm::terminal::size().unwrap_or((80, 24));
    TerminalSize {
        columns: columns.max(1),
        rows: rows.max(1),
    }
}

/// Names the terminal's tab after the bottle.
pub(crate) fn title(text: &str) {
    show(format!("\u{1b}]2;{}\u{7}", bottle_util::untrusted::line(text)).as_bytes());
}

/// Attaches the user's terminal to an agent until the agent ends; returns the agent's exit status.
pub(crate) async fn attach(session: AgentSession) -> Result<i32, ExecError> {
    let AgentSession {
        mut input,
        mut output,
        control,
        ..
    } = session;
    let raw = RawMode::enter().map_err(|source| engine("the terminal", source))?;
    let mut keys = keys();
    let mut resized = signal(SignalKind::window_change()).map_err(|source| engine("the terminal", source))?;
    let mut filter = Filter::default();
    let mut buffer = vec![0; 64 << 10];
    let mut keys_open = true;
    loop {
        tokio::select! {
            read = output.read(&mut buffer) => match read {
                Ok(0) | Err(_) => break,
                Ok(n) => show(&filter.push(buffer.get(..n).unwrap_or_default())),
            },
            key = keys.recv(), if keys_open => match key {
                Some(bytes) => {
                    let sent = async { input.write_all(&bytes).await?; input.flush().await };
                    keys_open = sent.await.is_ok();
                }
                None => { keys_open = false; }
            },
            _ = resized.recv() => { let _ = control.resize(size()).await; }
        }
    }
    show(&filter.reset());
    drop(raw);
    control.wait().await
}

/// Copies what an unattended agent prints to our own streams; what reaches a terminal passes the filter.
pub(crate) async fn stream(session: AgentSession) -> Result<i32, ExecError> {
    let AgentSession {
        mut input,
        output,
        errors,
        control,
    } = session;
    // Letting go of one half of a connection does not end it, and codex reads its standard input to its end.
    let _ = input.shutdown().await;
    drop(input);
    let shown = pump(output, io::stdout().is_terminal(), |bytes| {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush())
    });
    let complained = async {
        if let Some(errors) = errors {
            pump(errors, io::stderr().is_terminal(), |bytes| {
                io::stderr().lock().write_all(bytes)
            })
            .await;
        }
    };
    tokio::join!(shown, complained);
    control.wait().await
}

async fn pump<R: tokio::io::AsyncRead + Unpin>(
    mut from: R,
    filtered: bool,
    write: impl Fn(&[u8]) -> io::Result<()>,
) {
    let mut filter = Filter::default();
    let mut buffer = vec![0; 64 << 10];
    let mut open = true;
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..n).unwrap_or_default();
        // A reader that went away must not stop the agent: go on reading.
        open = open
            && if filtered {
                write(&filter.push(bytes))
            } else {
                write(bytes)
            }
            .is_ok();
    }
    if filtered && open {
        let _ = write(&filter.reset());
    }
}

/// Reads keys on a thread of their own: a pending read of the terminal would keep the runtime from ending.
fn keys() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = io::stdin().lock().read(&mut buffer) {
            if sender
                .blocking_send(buffer.get(..n).unwrap_or_default().to_vec())
                .is_err()
            {
                break;
            }
        }
    });
    receiver
}

fn show(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

fn engine(program: &str, source: io::Error) -> ExecError {
    ExecError::Engine {
        program: program.to_owned(),
        source: Box::new(source),
    }
}
