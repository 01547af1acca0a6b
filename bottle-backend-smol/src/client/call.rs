//! One call: no shell, no variable of the caller's, a bound on time and on what is read.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use bottle_util::untrusted;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::{CallError, RefusedCall, Smolvm};

/// The most bytes that are read of each stream.
const MOST: usize = 4 << 20;
/// The most characters that are shown of what was said without a reason.
const MOST_SAID: usize = 2000;
/// How long is read on after the end of the call: a machine that it started may keep the streams open.
const AFTER_END: Duration = Duration::from_millis(200);
/// Each call says this on its standard error stream, and means nothing by it.
pub(crate) const NOTE: &str = "note: no packed assets found";

/// What a call that ended well said.
pub(super) struct Answer {
    pub(super) stdout: String,
    action: &'static str,
}

impl Answer {
    /// Says that this is no answer to what was asked.
    pub(super) fn unexpected(&self) -> CallError {
        CallError::Unexpected {
            action: self.action,
            status: 0,
            said: end(&self.stdout),
        }
    }
}

/// Returns the program with what every call has.
pub(super) fn command(smolvm: &Smolvm) -> Command {
    let mut command = Command::new(&smolvm.program);
    command
        .env_clear()
        .envs(smolvm.variables.iter().cloned())
        .current_dir("/")
        .kill_on_drop(true);
    command
}

/// Calls and waits for the end.
pub(super) async fn call(
    smolvm: &Smolvm,
    action: &'static str,
    words: Vec<OsString>,
    limit: Duration,
) -> Result<Answer, CallError> {
    let mut command = command(smolvm);
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ended = tokio::time::timeout(limit, run(command)).await;
    let ended = ended.map_err(|_| CallError::TimedOut { action, limit })?;
    let (status, stdout, stderr) = ended.map_err(|error| failed(smolvm, error))?;
    if stdout.len() > MOST || stderr.len() > MOST {
        return Err(CallError::TooMuch { action, limit: MOST });
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    answer(action, status, text(&stdout), &text(&stderr))
}

/// Makes sense of how a call ended.
pub(super) fn answer(
    action: &'static str,
    status: i32,
    stdout: String,
    stderr: &str,
) -> Result<Answer, CallError> {
    match (status, RefusedCall::read(stderr)) {
        (0, _) => Ok(Answer { stdout, action }),
        (_, Some(refused)) => Err(CallError::Refused { action, refused }),
        (status, None) => {
            let lines: Vec<&str> = stderr.lines().filter(|line| !line.starts_with(NOTE)).collect();
            Err(CallError::Unexpected {
                action,
                status,
                said: end(&lines.join("\n")),
            })
        }
    }
}

fn failed(smolvm: &Smolvm, source: io::Error) -> CallError {
    let program = smolvm.program.clone();
    match source.kind() {
        io::ErrorKind::NotFound => CallError::Missing { program },
        _ => CallError::Run { program, source },
    }
}

async fn run(mut command: Command) -> io::Result<(i32, Vec<u8>, Vec<u8>)> {
    let mut child = command.spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = {
        let reading = async { tokio::join!(read(stdout, &mut out), read(stderr, &mut err)) };
        tokio::pin!(reading);
        tokio::select! {
            (read_out, read_err) = &mut reading => {
                read_out?;
                read_err?;
                child.wait().await?
            }
            status = child.wait() => {
                let status = status?;
                if let Ok((read_out, read_err)) = tokio::time::timeout(AFTER_END, reading).await {
                    read_out?;
                    read_err?;
                }
                status
            }
        }
    };
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    let status = status.code().unwrap_or_else(|| 128 + signal.unwrap_or_default());
    Ok((status, out, err))
}

/// Reads one byte more than the bound at most, by which it is seen to be passed.
async fn read(stream: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> io::Result<()> {
    let Some(stream) = stream else {
        return Ok(());
    };
    let most = u64::try_from(MOST).unwrap_or(u64::MAX).saturating_add(1);
    stream.take(most).read_to_end(into).await.map(drop)
}

/// Returns the end of a text, in one line.
fn end(text: &str) -> String {
    let text = text.trim();
    let skipped = text.chars().count().saturating_sub(MOST_SAID);
    let end: String = text.chars().skip(skipped).collect();
    untrusted::line(&end)
}
