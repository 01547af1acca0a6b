//! A command whose streams are open.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;

use async_trait::async_trait;
use bottle_backend::{AgentSession, ClosedAtShutdown, ExecCommand, ExecError, SessionControl, TerminalSize};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;

use super::noteless::Noteless;
use super::terminal::{Terminal, resize};
use super::{call, failed};
use crate::client::Exec;
use crate::guest::{Entrance, status};

/// Starts a command with its streams open. It is never run a second time: nobody can take back what it did.
pub(crate) fn session(
    entrance: &Entrance,
    command: &ExecCommand,
    size: Option<TerminalSize>,
) -> Result<AgentSession, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    let exec = Exec {
        input: true,
        terminal: size.is_some(),
        ..call(entrance, command, size)
    };
    let mut smolvm = entrance.smolvm.exec(&exec);
    // It goes on without whoever started it, as sessions of other backends do until their streams are closed.
    let started = match size {
        Some(size) => on_terminal(&mut smolvm, &program, size),
        None => on_pipes(&mut smolvm, &program),
    };
    started.map_err(|error| failed(&program, error))
}

fn on_pipes(smolvm: &mut Command, program: &str) -> io::Result<AgentSession> {
    smolvm
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = smolvm.spawn()?;
    let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(input), Some(output), Some(errors)) = streams else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    Ok(AgentSession {
        input: Box::pin(ClosedAtShutdown::new(Some(input))),
        output: Box::pin(output),
        errors: Some(Box::pin(Noteless::of(errors))),
        control: Box::new(Session::of(program, None, child)),
    })
}

fn on_terminal(smolvm: &mut Command, program: &str, size: TerminalSize) -> io::Result<AgentSession> {
    let terminal = Terminal::open(size)?;
    let (input, output) = terminal.streams()?;
    smolvm
        .stdin(terminal.program.try_clone()?)
        .stdout(terminal.program.try_clone()?)
        .stderr(Stdio::piped());
    let mut child = smolvm.spawn()?;
    if let Some(errors) = child.stderr.take() {
        show(errors, terminal.program);
    }
    // What this process still holds of the program's side would hide its end.
    smolvm.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(AgentSession {
        input: Box::pin(ClosedAtShutdown::new(Some(input))),
        output: Box::pin(output),
        errors: None,
        control: Box::new(Session::of(program, Some(terminal.user), child)),
    })
}

/// Shows on a terminal what smolvm itself says: the guest's errors come with its output there.
fn show(errors: ChildStderr, terminal: OwnedFd) {
    let mut terminal = tokio::fs::File::from(std::fs::File::from(terminal));
    tokio::spawn(async move {
        // A terminal that is gone shows nothing.
        let _gone = tokio::io::copy(&mut Noteless::of(errors), &mut terminal).await;
    });
}

struct Session {
    program: String,
    terminal: Option<OwnedFd>,
    pid: Option<Pid>,
    ended: watch::Receiver<Option<Result<i32, Arc<str>>>>,
}

impl Session {
    fn of(program: &str, terminal: Option<OwnedFd>, child: Child) -> Self {
        Self {
            program: program.to_owned(),
            terminal,
            pid: child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)),
            ended: told(child),
        }
    }
}

/// Hears of the end as soon as it is told, whoever waits for it. Who stops to hear ends the command.
fn told(mut child: Child) -> watch::Receiver<Option<Result<i32, Arc<str>>>> {
    let (tell, told) = watch::channel(None);
    tokio::spawn(async move {
        let ended = tokio::select! {
            ended = child.wait() => ended,
            () = tell.closed() => return,
        };
        tell.send_replace(Some(ended.map(status).map_err(|error| error.to_string().into())));
    });
    told
}

#[async_trait]
impl SessionControl for Session {
    async fn resize(&self, size: TerminalSize) -> Result<(), ExecError> {
        let Some(terminal) = &self.terminal else {
            return Ok(());
        };
        resize(terminal, size).map_err(|error| failed(&self.program, error))?;
        // It is no session leader, so that its terminal cannot tell it.
        if let Some(pid) = self.pid.filter(|_| self.ended.borrow().is_none()) {
            let told = kill_process(pid, Signal::WINCH);
            told.map_err(|error| failed(&self.program, io::Error::from(error)))?;
        }
        Ok(())
    }

    async fn wait(&self) -> Result<i32, ExecError> {
        let mut ended = self.ended.clone();
        let ended = ended.wait_for(Option::is_some).await.map(|ended| ended.clone());
        match ended {
            Ok(Some(Ok(status))) => Ok(status),
            Ok(Some(Err(error))) => Err(failed(&self.program, error.to_string())),
            Ok(None) | Err(_) => Err(failed(&self.program, "nobody waits for it")),
        }
    }
}
