//! Children that cannot hang: their silence and their whole time are bounded, and their whole group is killed.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};

use crate::limits::{CHILD_ERRORS, CHILD_OUTPUT};

/// What a child left behind.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// How long a child may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Without a byte of output.
    pub(crate) silence: Duration,
    /// Altogether.
    pub(crate) total: Duration,
}

/// Says why a child gave no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    #[error("cannot run a program: {0}")]
    Io(#[from] io::Error),
    #[error("nothing was heard for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("it did not end within {} s", .0.as_secs())]
    TooLong(Duration),
    #[error("it printed more than {CHILD_OUTPUT} bytes")]
    TooMuch,
}

/// Kills a group of processes unless its leader was waited for.
#[derive(Debug)]
pub(crate) struct Group(Option<Pid>);

impl Group {
    pub(crate) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    pub(crate) fn leader(&self) -> Option<Pid> {
        self.0
    }

    pub(crate) fn has_ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // One that is gone already is what was wanted.
            let _gone = rustix::process::kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Starts a child in a group of its own, all three streams piped.
pub(crate) fn start(command: std::process::Command) -> io::Result<(Child, Group)> {
    let mut command = Command::from(command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let child = command.spawn()?;
    let group = Group::of(&child);
    Ok((child, group))
}

/// Runs a child to its end.
pub(crate) async fn run(
    command: std::process::Command,
    input: &[u8],
    patience: Patience,
) -> Result<Done, ChildError> {
    let (mut child, mut group) = start(command)?;
    let end = Instant::now() + patience.total;
    let mut stdin = child.stdin.take();
    let feeding = async {
        if let Some(mut stdin) = stdin.take() {
            // A child that wants no more says why on its standard error.
            let _unwanted = stdin.write_all(input).await;
        }
    };
    let listening = listen(&mut child, patience.silence, end);
    let (_fed, heard) = tokio::join!(feeding, listening);
    let (stdout, stderr) = heard.map_err(|error| match error {
        ChildError::TooLong(_) => ChildError::TooLong(patience.total),
        other => other,
    })?;
    let status = timeout_at(end, child.wait())
        .await
        .map_err(|_| ChildError::TooLong(patience.total))??;
    group.has_ended();
    Ok(Done {
        status,
        stdout,
        stderr,
    })
}

/// Collects both streams until both have ended.
async fn listen(
    child: &mut Child,
    silence: Duration,
    end: Instant,
) -> Result<(Vec<u8>, Vec<u8>), ChildError> {
    let (Some(mut out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("a child without pipes").into());
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (mut out_open, mut err_open) = (true, true);
    let (mut out_buffer, mut err_buffer) = (vec![0; 64 << 10], vec![0; 8 << 10]);
    while out_open || err_open {
        let by = end.min(Instant::now() + silence);
        tokio::select! {
            read = out.read(&mut out_buffer), if out_open => {
                let read = read?;
                out_open = read > 0;
                stdout.extend(out_buffer.get(..read).unwrap_or_default());
                if stdout.len() > CHILD_OUTPUT {
                    return Err(ChildError::TooMuch);
                }
            }
            read = err.read(&mut err_buffer), if err_open => {
                let read = read?;
                err_open = read > 0;
                keep_end(&mut stderr, err_buffer.get(..read).unwrap_or_default());
            }
            () = tokio::time::sleep_until(by) => {
                return Err(if by >= end { ChildError::TooLong(silence) } else { ChildError::Silent(silence) });
            }
        }
    }
    Ok((stdout, stderr))
}

/// Keeps the last bytes: what went wrong stands at the end.
pub(crate) fn keep_end(kept: &mut Vec<u8>, more: &[u8]) {
    kept.extend(more);
    if kept.len() > CHILD_ERRORS {
        kept.drain(..kept.len() - CHILD_ERRORS / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> std::process::Command {
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    const PATIENCE: Patience = Patience {
        silence: Duration::from_millis(300),
        total: Duration::from_secs(20),
    };

    #[tokio::test]
    async fn what_a_child_prints_is_collected() {
        let done = run(shell("cat; echo e >&2; exit 3"), b"in", PATIENCE)
            .await
            .unwrap();
        assert_eq!(
            (done.stdout.as_slice(), done.stderr.as_slice(), done.status.code()),
            (&b"in"[..], &b"e\n"[..], Some(3))
        );
    }

    #[tokio::test]
    async fn a_silent_child_is_killed_with_its_children() {
        let done = run(shell("sleep 61 & sleep 62"), b"", PATIENCE).await;
        assert!(matches!(done, Err(ChildError::Silent(_))), "{done:?}");
    }

    #[tokio::test]
    async fn a_talking_child_has_an_end_too() {
        let short = Patience {
            total: Duration::from_millis(500),
            ..PATIENCE
        };
        let done = run(shell("while :; do echo x; sleep 0.05; done"), b"", short).await;
        assert!(matches!(done, Err(ChildError::TooLong(_))), "{done:?}");
    }
}
