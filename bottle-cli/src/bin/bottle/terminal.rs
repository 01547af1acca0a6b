//! The user's terminal while an agent is attached to it: raw mode, size, keys in, filtered bytes out.

use std::io::{self, IsTerminal, Read, Write};

use bottle_backend::{AgentSession, ExecError, Io, TerminalSize, pass_on};
use bottle_util::terminal::Filter;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// The user's terminal in raw mode. Whichever way it is left, it is put back to rest, modes of the guest's included.
struct Screen {
    filter: Filter,
}

impl Screen {
    fn enter() -> io::Result<Self> {
        crossterm::terminal::enable_raw_mode()?;
        Ok(Self {
            filter: Filter::default(),
        })
    }

    fn show(&mut self, bytes: &[u8]) {
        print(&self.filter.push(bytes));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        print(&self.filter.reset());
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
    print(format!("\u{1b}]2;{}\u{7}", bottle_util::untrusted::line(text)).as_bytes());
}

/// Attaches the user's terminal to an agent until the agent ends; returns the agent's exit status.
pub(crate) async fn attach(session: AgentSession) -> Result<i32, ExecError> {
    let AgentSession {
        input,
        mut output,
        control,
        ..
    } = session;
    let terminal = |source| engine("the terminal", source);
    let mut screen = Screen::enter().map_err(terminal)?;
    let mut resized = signal(SignalKind::window_change()).map_err(terminal)?;
    let typing = tokio::spawn(feed(input));
    let mut buffer = vec![0; 64 << 10];
    // The size that the program was started with may be an old one by now.
    let _ = control.resize(size()).await;
    loop {
        tokio::select! {
            read = output.read(&mut buffer) => match read {
                Ok(0) | Err(_) => break,
                Ok(n) => screen.show(buffer.get(..n).unwrap_or_default()),
            },
            _ = resized.recv() => { let _ = control.resize(size()).await; }
        }
    }
    typing.abort();
    drop(screen);
    control.wait().await
}

/// What a command that is not on a terminal reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Nothing: its input is closed.
    Closed,
    /// Our own standard input.
    Ours,
}

/// Copies what a command prints to our own streams; what reaches a terminal passes the filter.
pub(crate) async fn stream(session: AgentSession, stdin: Input) -> Result<i32, ExecError> {
    let AgentSession {
        mut input,
        output,
        errors,
        control,
    } = session;
    let typing = match stdin {
        Input::Ours => Some(tokio::spawn(feed(input))),
        Input::Closed => {
            // Said outright: some agents read what is not a terminal to its end before they begin.
            let _ = input.shutdown().await;
            None
        }
    };
    let mut shown = Shown::on(io::stdout().is_terminal(), |bytes| {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush())
    });
    let mut complained = Shown::on(io::stderr().is_terminal(), |bytes| {
        io::stderr().lock().write_all(bytes)
    });
    let status = pass_on(
        control.as_ref(),
        output,
        errors,
        |bytes| shown.push(bytes),
        |bytes| complained.push(bytes),
    )
    .await;
    shown.end();
    complained.end();
    if let Some(typing) = typing {
        typing.abort();
    }
    status
}

/// Sends what is typed, or piped, until it ends or nobody reads it any more.
async fn feed(mut input: Io<dyn AsyncWrite + Send>) {
    let mut typed = keys();
    while let Some(bytes) = typed.recv().await {
        if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
    let _ = input.shutdown().await;
}

/// One of our own streams. What reaches a terminal passes the filter.
struct Shown<W> {
    filter: Option<Filter>,
    write: Option<W>,
}

impl<W: Fn(&[u8]) -> io::Result<()>> Shown<W> {
    fn on(terminal: bool, write: W) -> Self {
        Self {
            filter: terminal.then(Filter::default),
            write: Some(write),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let filtered = self.filter.as_mut().map(|filter| filter.push(bytes));
        let written = self
            .write
            .as_ref()
            .map(|write| write(filtered.as_deref().unwrap_or(bytes)));
        // A reader that went away must not stop the agent, whose output is read on.
        if matches!(written, Some(Err(_))) {
            self.write = None;
        }
    }

    fn end(&mut self) {
        if let (Some(filter), Some(write)) = (&mut self.filter, &self.write) {
            let _gone = write(&filter.reset());
        }
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

fn print(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

fn engine(program: &str, source: io::Error) -> ExecError {
    ExecError::Engine {
        program: program.to_owned(),
        source: Box::new(source),
    }
}
