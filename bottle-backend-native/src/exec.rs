//! Commands in the guest: run to their end, or with their streams open.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bottle_backend::{
    AgentSession, ClosedAtShutdown, ExecCommand, ExecError, ExecOutput, ExecUser, SessionControl,
    TerminalSize,
};
use bottle_guest::{Channel, Request, Run, Streams, Who};
use bottle_host::{Pipes, Running as _};
use bottle_util::Secret;
use bottle_wire::boot::WireSecret;
use rustix::termios::Winsize;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::watch;

use crate::guest::{End, ask};
use crate::record::GuestRecord;

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
    let pipes = pipes(streams).map_err(|error| failed(&program, error))?;
    bottle_host::collected(command, &mut end, pipes).await
}

fn pipes(streams: Streams) -> io::Result<Pipes<Sender, Receiver, Receiver>> {
    let Streams::Pipes {
        input,
        output,
        errors,
    } = streams
    else {
        return Err(io::Error::other("the guest gave other streams"));
    };
    Ok(Pipes {
        input: Sender::from_owned_fd(input)?,
        output: Receiver::from_owned_fd(output)?,
        errors: Receiver::from_owned_fd(errors)?,
    })
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
