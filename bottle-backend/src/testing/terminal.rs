//! A program of the fake's on a terminal of its own.

use std::io::{self, Read, Write};
use std::sync::Mutex;
use std::sync::PoisonError;

use async_trait::async_trait;
use bottle_plan::BottlePlan;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::environment::guest_environment;
use crate::{AgentSession, ExecCommand, ExecError, SessionControl, TerminalSize};

const BUFFER: usize = 64 << 10;

/// Starts a command on a terminal.
pub(super) fn open(
    plan: &BottlePlan,
    command: &ExecCommand,
    size: TerminalSize,
) -> Result<AgentSession, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    begin(plan, command, size).map_err(|error| ExecError::Engine {
        program,
        source: error,
    })
}

fn begin(
    plan: &BottlePlan,
    command: &ExecCommand,
    size: TerminalSize,
) -> Result<AgentSession, crate::BoxError> {
    let pair = native_pty_system().openpty(pty_size(size))?;
    let mut builder = CommandBuilder::from_argv(command.argv.iter().map(Into::into).collect());
    builder.env_clear();
    for (name, value) in guest_environment(plan) {
        builder.env(name, value);
    }
    for (name, value) in &command.env {
        builder.env(name.as_str(), value.expose());
    }
    builder.cwd(command.directory.as_ref().map_or("/", |path| path.as_str()));
    let child = pair.slave.spawn_command(builder)?;
    drop(pair.slave);
    let output = outgoing(pair.master.try_clone_reader()?);
    let input = incoming(pair.master.take_writer()?);
    Ok(AgentSession {
        input: Box::pin(input),
        output: Box::pin(output),
        errors: None,
        control: Box::new(Terminal {
            master: Mutex::new(pair.master),
            ended: end_of(child),
        }),
    })
}

fn outgoing(mut reader: Box<dyn Read + Send>) -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(BUFFER);
    let runtime = Handle::current();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        // Reading a terminal whose program has ended is an error on Linux.
        while let Ok(read @ 1..) = reader.read(&mut piece) {
            let piece = piece.get(..read).unwrap_or_default();
            if runtime.block_on(far.write_all(piece)).is_err() {
                break;
            }
        }
    });
    near
}

fn incoming(mut writer: Box<dyn Write + Send>) -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(BUFFER);
    let runtime = Handle::current();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = runtime.block_on(far.read(&mut piece)) {
            let piece = piece.get(..read).unwrap_or_default();
            if writer.write_all(piece).and_then(|()| writer.flush()).is_err() {
                break;
            }
        }
    });
    near
}

fn end_of(mut child: Box<dyn Child + Send + Sync>) -> watch::Receiver<Option<i32>> {
    let (ended, seen) = watch::channel(None);
    std::thread::spawn(move || {
        let status = child
            .wait()
            .map_or(-1, |status| i32::try_from(status.exit_code()).unwrap_or(-1));
        ended.send_replace(Some(status));
    });
    seen
}

fn pty_size(size: TerminalSize) -> PtySize {
    PtySize {
        rows: size.rows,
        cols: size.columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

struct Terminal {
    master: Mutex<Box<dyn MasterPty + Send>>,
    ended: watch::Receiver<Option<i32>>,
}

#[async_trait]
impl SessionControl for Terminal {
    async fn resize(&self, size: TerminalSize) -> Result<(), ExecError> {
        let master = self.master.lock().unwrap_or_else(PoisonError::into_inner);
        master.resize(pty_size(size)).map_err(|error| ExecError::Engine {
            program: "the terminal".to_owned(),
            source: io::Error::other(error).into(),
        })
    }

    async fn wait(&self) -> Result<i32, ExecError> {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await;
        status.ok().and_then(|status| *status).ok_or(ExecError::Empty)
    }
}
