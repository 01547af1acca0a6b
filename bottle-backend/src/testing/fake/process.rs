//! A guest's programs as the host's own processes.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use bottle_plan::BottlePlan;
use bottle_plan::door::Door;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::environment::guest_environment;
use crate::{
    AgentSession, ClosedAtShutdown, ExecCommand, ExecError, ExecOutput, SessionControl, TerminalSize,
};

/// The most bytes that are collected of each stream.
const MOST_OUTPUT: usize = 8 << 20;
/// How long streams are read after their program's end.
const GRACE: Duration = Duration::from_millis(500);

/// Runs a command to its end, within its limit.
pub(super) async fn run(plan: &BottlePlan, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    let Some(mut child) = spawn(plan, command, &program)? else {
        return Ok(not_found());
    };
    let group = child.id();
    let done = tokio::time::timeout(command.limit, collect(&mut child, &command.stdin)).await;
    if !matches!(done, Ok(Ok(Some(_)))) {
        end(group);
    }
    match done {
        Ok(Ok(Some(output))) => Ok(output),
        Ok(Ok(None)) => Err(ExecError::TooMuchOutput {
            program,
            limit: MOST_OUTPUT,
        }),
        Ok(Err(error)) => Err(failed(&program, error)),
        Err(_) => Err(ExecError::TimedOut {
            program,
            limit: command.limit,
        }),
    }
}

/// Starts a command with its streams open.
pub(super) fn open(plan: &BottlePlan, command: &ExecCommand) -> Result<AgentSession, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?;
    let missing = || failed(program, io::ErrorKind::NotFound.into());
    let mut child = spawn(plan, command, program)?.ok_or_else(missing)?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(output), Some(errors)) = (output, errors) else {
        return Err(missing());
    };
    let (ended, seen) = watch::channel(None);
    tokio::spawn(async move {
        let status = child.wait().await.map_or(-1, number);
        ended.send_replace(Some(status));
    });
    Ok(AgentSession {
        input: Box::pin(ClosedAtShutdown::new(input)),
        output: Box::pin(output),
        errors: Some(Box::pin(errors)),
        control: Box::new(Ended(seen)),
    })
}

/// Starts it; none when there is no such program.
fn spawn(plan: &BottlePlan, command: &ExecCommand, program: &str) -> Result<Option<Child>, ExecError> {
    let directory = command.directory.as_ref().map_or("/", |path| path.as_str());
    if !std::path::Path::new(directory).is_dir() {
        return Err(failed(program, io::ErrorKind::NotADirectory.into()));
    }
    let spawned = Command::new(program)
        .args(command.argv.iter().skip(1))
        .env_clear()
        .envs(guest_environment(plan))
        .envs(
            command
                .env
                .iter()
                .map(|(name, value)| (name.as_str(), value.expose())),
        )
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    match spawned {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some).map_err(|error| failed(program, error)),
    }
}

/// Feeds and reads a child to its end; none when it prints too much. A child of its own that stays is not waited for.
async fn collect(child: &mut Child, stdin: &[u8]) -> io::Result<Option<ExecOutput>> {
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut input) = input {
            let _ = input.write_all(stdin).await;
        }
        std::future::pending::<()>().await;
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let read = async { tokio::try_join!(whole(output, &mut stdout), whole(errors, &mut stderr)).map(drop) };
    let ended = async {
        let status = child.wait().await?;
        tokio::time::sleep(GRACE).await;
        io::Result::Ok(status)
    };
    let status = tokio::select! {
        read = read => { read?; None },
        status = ended => Some(status?),
        () = feed => None,
    };
    if stdout.len().max(stderr.len()) > MOST_OUTPUT {
        return Ok(None);
    }
    let status = match status {
        Some(status) => status,
        None => child.wait().await?,
    };
    Ok(Some(ExecOutput {
        status: number(status),
        stdout,
        stderr,
    }))
}

async fn whole(stream: Option<impl AsyncRead + Unpin>, bytes: &mut Vec<u8>) -> io::Result<()> {
    if let Some(stream) = stream {
        let most = MOST_OUTPUT as u64 + 1;
        stream.take(most).read_to_end(bytes).await?;
    }
    Ok(())
}

fn end(group: Option<u32>) {
    let group = group
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Ends every process of a guest: those that have its home among their variables, and a proxy that only guests have.
pub(super) fn end_all(plan: &BottlePlan) {
    let proxy = format!("HTTPS_PROXY=http://{}:{}", Door::Egress, Door::Egress.port());
    let marks = [format!("HOME={}", plan.guest_home), proxy];
    let ours = || processes().filter(|pid| has_all(*pid, &marks));
    // What starts meanwhile is found by the next look.
    while ours().fold(false, |_, pid| kill_process(pid, Signal::KILL).is_ok()) {}
}

fn processes() -> impl Iterator<Item = Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

fn has_all(pid: Pid, variables: &[String]) -> bool {
    // One that has ended and waits to be collected has no variables any more.
    let environ = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
    let has = |variable: &String| {
        environ
            .split(|byte| *byte == 0)
            .any(|entry| entry == variable.as_bytes())
    };
    variables.iter().all(has)
}

fn number(status: ExitStatus) -> i32 {
    status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

fn not_found() -> ExecOutput {
    ExecOutput {
        status: 127,
        stdout: Vec::new(),
        stderr: b"no such program".to_vec(),
    }
}

pub(crate) fn failed(program: &str, error: io::Error) -> ExecError {
    ExecError::Engine {
        program: program.to_owned(),
        source: error.into(),
    }
}

struct Ended(watch::Receiver<Option<i32>>);

#[async_trait]
impl SessionControl for Ended {
    async fn resize(&self, _size: TerminalSize) -> Result<(), ExecError> {
        Ok(())
    }

    async fn wait(&self) -> Result<i32, ExecError> {
        let mut ended = self.0.clone();
        let status = ended.wait_for(Option::is_some).await;
        status.ok().and_then(|status| *status).ok_or(ExecError::Empty)
    }
}
