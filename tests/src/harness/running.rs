//! A program that a test started.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::watched::Watched;

/// A program under way; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    pid: Pid,
    stdout: Arc<Watched<Output>>,
    stderr: Arc<Watched<Output>>,
    ended: Arc<Watched<Option<ExitStatus>>>,
}

/// What came through a pipe so far.
#[derive(Debug, Default)]
struct Output {
    bytes: Vec<u8>,
    complete: bool,
}

/// A program that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit status as a shell shows it: 128 and the signal's number for a program that was killed.
    pub status: i32,
    /// What it wrote to its output.
    pub stdout: String,
    /// What it wrote to its error output.
    pub stderr: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let pid = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("a process without an id")?;
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        Ok(Self {
            pid,
            stdout,
            stderr,
            ended: reap(child),
        })
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        // A process that was waited for may have left its id to another.
        if self.ended.look(Option::is_none) {
            kill_process(self.pid, signal)?;
        }
        Ok(())
    }

    /// The id of the process.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits until a text stands in its error output, where people are told things.
    pub fn wait_for_stderr(&self, limit: Duration, text: &str) -> Result<()> {
        self.wait_for(&self.stderr, limit, text)
    }

    /// Waits until a text stands in its output.
    pub fn wait_for_stdout(&self, limit: Duration, text: &str) -> Result<()> {
        self.wait_for(&self.stdout, limit, text)
    }

    /// What has ended says nothing more, so that nobody waits for it until the limit.
    fn wait_for(&self, output: &Watched<Output>, limit: Duration, text: &str) -> Result<()> {
        let found = output.wait_for(limit, |output| match output.text().contains(text) {
            false if !output.complete => None,
            found => Some(found),
        });
        if found == Some(true) {
            return Ok(());
        }
        let written = self.stdout.look(Output::text);
        bail!(
            "no {text:?} within {limit:?}; there was:\n{written}\n{}",
            self.said()
        )
    }

    /// Waits until it ends, and until nothing that it started can write to its outputs any more.
    pub fn wait(self, limit: Duration) -> Result<Finished> {
        let Some(status) = self.ended.wait_for(limit, |status| *status) else {
            bail!("it did not end within {limit:?}; it had said:\n{}", self.said());
        };
        let whole = |output: &Output| output.complete.then(|| output.text());
        let stdout = self
            .stdout
            .wait_for(limit, whole)
            .context("its output stays open after its end")?;
        let stderr = self
            .stderr
            .wait_for(limit, whole)
            .context("its error output stays open after its end")?;
        let status = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal))
            .unwrap_or(-1);
        Ok(Finished {
            status,
            stdout,
            stderr,
        })
    }

    fn said(&self) -> String {
        self.stderr.look(Output::text)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails for a program that has ended, which is as well.
        let _ = self.signal(Signal::KILL);
        self.ended.wait_for(Duration::from_secs(10), |status| *status);
    }
}

impl Output {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> Arc<Watched<Output>> {
    let output = Arc::new(Watched::new(Output::default()));
    let filled = Arc::clone(&output);
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        let mut pipe = pipe;
        while let Some(Ok(count @ 1..)) = pipe.as_mut().map(|pipe| pipe.read(&mut buffer)) {
            let read = buffer.get(..count).unwrap_or_default();
            filled.change(|output| output.bytes.extend_from_slice(read));
        }
        filled.change(|output| output.complete = true);
    });
    output
}

fn reap(mut child: Child) -> Arc<Watched<Option<ExitStatus>>> {
    let ended = Arc::new(Watched::new(None));
    let told = Arc::clone(&ended);
    thread::spawn(move || {
        if let Ok(status) = child.wait() {
            told.change(|ended| *ended = Some(status));
        }
    });
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Running {
        Running::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn both_outputs_and_the_status_are_kept() {
        let finished = shell("echo out; echo err >&2; exit 7").wait(LIMIT).unwrap();
        assert_eq!(
            (finished.status, &*finished.stdout, &*finished.stderr),
            (7, "out\n", "err\n")
        );
    }

    #[test]
    fn a_signal_reaches_it() {
        let running = shell("echo ready >&2; exec sleep 600");
        running.wait_for_stderr(LIMIT, "ready").unwrap();
        running.signal(Signal::TERM).unwrap();
        assert_eq!(running.wait(LIMIT).unwrap().status, 143);
    }

    #[test]
    fn what_has_ended_is_not_waited_for() {
        let error = shell("echo over")
            .wait_for_stdout(Duration::from_secs(600), "ready")
            .unwrap_err();
        assert!(error.to_string().contains("over"), "{error}");
    }

    #[test]
    fn what_does_not_come_is_an_error_that_tells_what_came() {
        let running = shell("echo something else >&2; exec sleep 600");
        running.wait_for_stderr(LIMIT, "something").unwrap();
        let error = running.wait_for_stderr(Duration::ZERO, "ready").unwrap_err();
        assert!(error.to_string().contains("something else"), "{error}");
    }
}
