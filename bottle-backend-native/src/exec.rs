//! Commands in the guest: run to their end, or with their streams open.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bottle_backend::{
    AgentSession, ClosedAtShutdown, ExecCommand, ExecError, ExecOutput, ExecUser, SessionControl,
    TerminalSize,
};
use bottle_guest::{Channel, Request, Run, Streams, Who};
use bottle_util::Secret;
use bottle_wire::boot::WireSecret;
use rustix::termios::Winsize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::watch;

use crate::guest::{End, ask};
use crate::record::GuestRecord;

/// The most bytes that are collected of each stream.
const MOST_OUTPUT: usize = 8 << 20;
/// How long streams must be quiet after their program's end to be left to the children that keep them open.
const QUIET: Duration = Duration::from_millis(100);
/// The most time that ending a command may take.
const END: Duration = Duration::from_secs(10);
/// Root's variables, whatever the manifest says.
const ROOT_ENV: [(&str, &str); 3] = [
    (
        "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("HOME", "/root"),
    ("USER", "root"),
];

/// Runs a command to its end, within its limit.
pub(crate) async fn collected(
    channel: &Channel,
    guest: &GuestRecord,
    command: &ExecCommand,
) -> Result<ExecOutput, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    let (mut end, streams) = open(channel, guest, command, None, true).await?;
    let mut printed = Printed::default();
    let run = run(&mut end, streams, &command.stdin, &mut printed);
    let done = tokio::time::timeout(command.limit, run).await;
    if !matches!(&done, Ok(Ok(_))) {
        let _late = tokio::time::timeout(END, end.end()).await;
    }
    match done {
        Ok(Ok(status)) => Ok(ExecOutput {
            status,
            stdout: printed.stdout,
            stderr: printed.stderr,
        }),
        Ok(Err(CollectError::TooMuch)) => Err(ExecError::TooMuchOutput {
            program,
            limit: MOST_OUTPUT,
        }),
        Ok(Err(CollectError::Broken(source))) => Err(ExecError::Engine { program, source }),
        Err(_) => Err(ExecError::TimedOut {
            program,
            limit: command.limit,
        }),
    }
}

enum CollectError {
    TooMuch,
    Broken(bottle_backend::BoxError),
}

#[derive(Default)]
struct Printed {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

async fn open(
    channel: &Channel,
    guest: &GuestRecord,
    command: &ExecCommand,
    terminal: Option<TerminalSize>,
    bound: bool,
) -> Result<(End, Streams), ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?;
    let request = Request::Run(request(guest, command, terminal, bound));
    let asked = ask(channel, request).await;
    let (streams, end) = asked.map_err(|error| failed(program, error))?;
    Ok((end, streams))
}

fn request(guest: &GuestRecord, command: &ExecCommand, terminal: Option<TerminalSize>, bound: bool) -> Run {
    let mut env = guest.env.clone();
    if command.user == ExecUser::Root {
        env.extend(ROOT_ENV.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    if terminal.is_some() {
        env.insert("TERM".to_owned(), "xterm".to_owned());
    }
    let common = env
        .into_iter()
        .map(|(name, value)| (name, WireSecret(Secret::from(value))));
    let own = command
        .env
        .iter()
        .map(|(name, value)| (name.to_string(), WireSecret(value.clone())));
    Run {
        argv: command.argv.clone(),
        env: common.chain(own).collect(),
        directory: command
            .directory
            .as_ref()
            .map_or("/", |path| path.as_str())
            .to_owned(),
        who: match command.user {
            ExecUser::Root => Who::Root,
            ExecUser::Agent => Who::Agent,
        },
        terminal: terminal.map(|size| (size.columns, size.rows)),
        bound,
    }
}

/// Feeds and reads a program to its end. A child of its own that stays keeps the streams open after that; once they
/// are quiet they are left to it.
async fn run(
    end: &mut End,
    streams: Streams,
    stdin: &[u8],
    printed: &mut Printed,
) -> Result<i32, CollectError> {
    let Streams::Pipes {
        input,
        output,
        errors,
    } = streams
    else {
        return Err(CollectError::Broken("the guest gave other streams".into()));
    };
    let broken = |error: io::Error| CollectError::Broken(error.into());
    let mut input = Sender::from_owned_fd(input).map_err(broken)?;
    let mut output = Receiver::from_owned_fd(output).map_err(broken)?;
    let mut errors = Receiver::from_owned_fd(errors).map_err(broken)?;
    let feed = async move {
        // A program need not read what it is given.
        let _unread = input.write_all(stdin).await;
        drop(input);
    };
    let (read, seen) = watch::channel(0_u64);
    let Printed { stdout, stderr } = printed;
    let feed_and_read = async {
        let read = async {
            tokio::try_join!(
                collect(&mut output, stdout, &read),
                collect(&mut errors, stderr, &read)
            )
        };
        tokio::join!(feed, read).1.map(drop)
    };
    let status = async { end.status().await.map_err(CollectError::Broken) };
    tokio::pin!(feed_and_read, status);
    let status = tokio::select! {
        read = &mut feed_and_read => {
            read?;
            // All is read, so what is left to wait for is said at once.
            return status.await;
        }
        status = &mut status => status?,
    };
    tokio::select! {
        read = feed_and_read => read?,
        () = quiet(&seen) => {}
    }
    Ok(status)
}

/// Waits until nothing more is read for a while.
async fn quiet(seen: &watch::Receiver<u64>) {
    let mut before = None;
    while before != Some(*seen.borrow()) {
        before = Some(*seen.borrow());
        tokio::time::sleep(QUIET).await;
    }
}

async fn collect(
    from: &mut Receiver,
    whole: &mut Vec<u8>,
    seen: &watch::Sender<u64>,
) -> Result<(), CollectError> {
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = from
            .read(&mut piece)
            .await
            .map_err(|error| CollectError::Broken(error.into()))?;
        if read == 0 {
            return Ok(());
        }
        if whole.len() + read > MOST_OUTPUT {
            return Err(CollectError::TooMuch);
        }
        whole.extend(piece.iter().take(read));
        seen.send_modify(|pieces| *pieces += 1);
    }
}

/// Starts a command with its streams open.
pub(crate) async fn session(
    channel: &Channel,
    guest: &GuestRecord,
    command: &ExecCommand,
    terminal: Option<TerminalSize>,
) -> Result<AgentSession, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    let (end, streams) = open(channel, guest, command, terminal, false).await?;
    let made = streams_of(streams).map_err(|error| failed(&program, error))?;
    Ok(AgentSession {
        input: Box::pin(made.input),
        output: made.output,
        errors: made.errors,
        control: Box::new(Session {
            program,
            terminal: made.terminal,
            ended: told(end),
        }),
    })
}

struct Made {
    input: ClosedAtShutdown<Sender>,
    output: bottle_backend::Io<dyn AsyncRead + Send>,
    errors: Option<bottle_backend::Io<dyn AsyncRead + Send>>,
    terminal: Option<OwnedFd>,
}

fn streams_of(streams: Streams) -> io::Result<Made> {
    Ok(match streams {
        Streams::Pipes {
            input,
            output,
            errors,
        } => Made {
            input: ClosedAtShutdown::new(Some(Sender::from_owned_fd(input)?)),
            output: Box::pin(Receiver::from_owned_fd(output)?),
            errors: Some(Box::pin(Receiver::from_owned_fd(errors)?)),
            terminal: None,
        },
        Streams::One(terminal) => {
            rustix::fs::fcntl_setfl(&terminal, rustix::fs::OFlags::NONBLOCK)?;
            Made {
                input: ClosedAtShutdown::new(Some(Sender::from_owned_fd_unchecked(terminal.try_clone()?)?)),
                output: Box::pin(Terminal(Receiver::from_owned_fd_unchecked(
                    terminal.try_clone()?,
                )?)),
                errors: None,
                terminal: Some(terminal),
            }
        }
    })
}

/// Hears of the end as soon as it is told, whoever waits for it.
fn told(mut end: End) -> watch::Receiver<Option<Result<i32, Arc<str>>>> {
    let (tell, told) = watch::channel(None);
    tokio::spawn(async move {
        let status = end.status().await.map_err(|error| error.to_string().into());
        tell.send_replace(Some(status));
    });
    told
}

struct Session {
    program: String,
    terminal: Option<OwnedFd>,
    ended: watch::Receiver<Option<Result<i32, Arc<str>>>>,
}

#[async_trait]
impl SessionControl for Session {
    async fn resize(&self, size: TerminalSize) -> Result<(), ExecError> {
        let Some(terminal) = &self.terminal else {
            return Ok(());
        };
        let size = Winsize {
            ws_row: size.rows,
            ws_col: size.columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let resized = rustix::termios::tcsetwinsize(terminal, size);
        resized.map_err(|error| failed(&self.program, io::Error::from(error)))
    }

    async fn wait(&self) -> Result<i32, ExecError> {
        let mut ended = self.ended.clone();
        let ended = ended.wait_for(Option::is_some).await.map(|ended| ended.clone());
        match ended {
            Ok(Some(Ok(status))) => Ok(status),
            Ok(Some(Err(error))) => Err(failed(&self.program, io::Error::other(error.to_string()))),
            Ok(None) | Err(_) => Err(failed(&self.program, io::Error::other("nobody waits for it"))),
        }
    }
}

fn failed(program: &str, source: impl Into<bottle_backend::BoxError>) -> ExecError {
    ExecError::Engine {
        program: program.to_owned(),
        source: source.into(),
    }
}

/// What a terminal shows. Linux has an error for the end of it.
struct Terminal(Receiver);

impl AsyncRead for Terminal {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let io_error = Some(rustix::io::Errno::IO.raw_os_error());
        match Pin::new(&mut self.0).poll_read(cx, into) {
            Poll::Ready(Err(error)) if error.raw_os_error() == io_error => Poll::Ready(Ok(())),
            other => other,
        }
    }
}
