//! A program that a test started.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::watched::Watched;

/// A program under way; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    pid: Pid,
    stdout: Arc<Watched<Vec<u8>>>,
    stderr: Arc<Watched<Vec<u8>>>,
    ended: Arc<Watched<Option<ExitStatus>>>,
    threads: Vec<JoinHandle<()>>,
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
    pub(super) fn start(command: &mut Command) -> Result<Self> {
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
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = [
            child.stdout.take().map(|pipe| collect(pipe, Arc::clone(&stdout))),
            child.stderr.take().map(|pipe| collect(pipe, Arc::clone(&stderr))),
        ];
        let ended = Arc::new(Watched::new(None));
        let mut threads: Vec<_> = readers.into_iter().flatten().collect();
        threads.push(reap(child, Arc::clone(&ended)));
        Ok(Self {
            pid,
            stdout,
            stderr,
            ended,
            threads,
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
        let found = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(text).then_some(());
        let found = self.stderr.wait_for(limit, found);
        found.with_context(|| {
            format!(
                "no {text:?} within {limit:?}; there was:\n{}",
                text_of(&self.stderr)
            )
        })
    }

    /// Waits until it ends.
    pub fn wait(mut self, limit: Duration) -> Result<Finished> {
        let Some(status) = self.ended.wait_for(limit, |status| *status) else {
            bail!(
                "it did not end within {limit:?}; it had said:\n{}",
                text_of(&self.stderr)
            );
        };
        self.join();
        let status = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal))
            .unwrap_or(-1);
        Ok(Finished {
            status,
            stdout: text_of(&self.stdout),
            stderr: text_of(&self.stderr),
        })
    }

    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so, and its test will miss what it was to bring.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.signal(Signal::KILL).is_ok() && !self.threads.is_empty() {
            self.join();
        }
    }
}

fn text_of(bytes: &Watched<Vec<u8>>) -> String {
    bytes.look(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn collect(mut pipe: impl Read + Send + 'static, into: Arc<Watched<Vec<u8>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            let read = buffer.get(..count).unwrap_or_default();
            into.change(|bytes| bytes.extend_from_slice(read));
        }
    })
}

fn reap(mut child: Child, ended: Arc<Watched<Option<ExitStatus>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        if let Ok(status) = child.wait() {
            ended.change(|ended| *ended = Some(status));
        }
    })
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
    fn what_does_not_come_is_an_error_that_tells_what_came() {
        let running = shell("echo something else >&2; exec sleep 600");
        running.wait_for_stderr(LIMIT, "something").unwrap();
        let error = running.wait_for_stderr(Duration::ZERO, "ready").unwrap_err();
        assert!(error.to_string().contains("something else"), "{error}");
    }
}
