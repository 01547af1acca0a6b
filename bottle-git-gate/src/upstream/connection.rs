//! A connection over ssh that calls share: a push that follows a read does not shake hands again.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::child::Group;
use crate::limits::CONNECTION_WAIT;

/// How often is looked whether it is there.
const GLANCE: Duration = Duration::from_millis(5);

/// One connection at most; it is begun when it is first wanted, and ended when nobody has wanted it for a while.
#[derive(Debug)]
pub(super) struct Connection {
    command: Vec<OsString>,
    socket: PathBuf,
    /// How long it is kept without use.
    idle: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    running: Option<Running>,
    /// How many calls may be using it.
    users: usize,
    used: Instant,
    /// When the last one ended by itself. What an upstream does not want is not tried again at once.
    failed: Option<Instant>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    _group: Group,
}

/// While it is held, the connection is not ended for want of use.
#[derive(Debug)]
pub(crate) struct Lease(Arc<Mutex<State>>);

impl Connection {
    /// `command` connects, listens on `socket` and runs until it is killed.
    pub(super) fn new(command: Vec<OsString>, socket: &Path, idle: Duration) -> Self {
        Self {
            command,
            socket: socket.to_owned(),
            idle,
            state: Arc::new(Mutex::new(State {
                running: None,
                users: 0,
                used: Instant::now(),
                failed: None,
            })),
        }
    }

    /// Sees to it that there is one, and waits for it a little. Where there is none then, calls connect by themselves, and
    /// say why they cannot.
    pub(super) async fn lease(&self) -> Lease {
        let lease = self.begin();
        let there = async {
            while locked(&self.state).is_running() && !self.socket.exists() {
                tokio::time::sleep(GLANCE).await;
            }
        };
        let _given_up = tokio::time::timeout(CONNECTION_WAIT, there).await;
        lease
    }

    fn begin(&self) -> Lease {
        let mut state = locked(&self.state);
        let has_failed = state.failed.is_some_and(|failed| failed.elapsed() < self.idle);
        if !state.is_running() && !has_failed {
            match self.start() {
                Ok(running) => {
                    state.running = Some(running);
                    tokio::spawn(end_when_idle(Arc::clone(&self.state), self.idle));
                }
                Err(error) => tracing::debug!(%error, "no connection is shared"),
            }
        }
        state.users += 1;
        drop(state);
        Lease(Arc::clone(&self.state))
    }

    fn start(&self) -> io::Result<Running> {
        let _stale = std::fs::remove_file(&self.socket);
        let mut words = self.command.iter();
        let program = words.next().ok_or_else(|| io::Error::other("no program"))?;
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn()?;
        let group = Group::of(&child);
        Ok(Running { child, _group: group })
    }
}

impl Lease {
    /// Ends the connection: what went wrong on it may be its own fault.
    pub(crate) fn spoil(&self) {
        locked(&self.0).running = None;
    }
}

impl State {
    fn is_running(&mut self) -> bool {
        let Some(running) = &mut self.running else {
            return false;
        };
        match running.child.try_wait() {
            Ok(None) => return true,
            // One that was killed did not fail.
            Ok(Some(status)) if status.code().is_some() => self.failed = Some(Instant::now()),
            Ok(Some(_)) | Err(_) => {}
        }
        self.running = None;
        false
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = locked(&self.0);
        state.users = state.users.saturating_sub(1);
        state.used = Instant::now();
    }
}

async fn end_when_idle(state: Arc<Mutex<State>>, idle: Duration) {
    loop {
        tokio::time::sleep(idle / 4).await;
        let mut state = locked(&state);
        if !state.is_running() {
            return;
        }
        if state.users == 0 && state.used.elapsed() >= idle {
            state.running = None;
            return;
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing in there can be left half done.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_millis(200);

    fn is_running(connection: &Connection) -> bool {
        locked(&connection.state).is_running()
    }

    #[tokio::test]
    async fn it_is_begun_once_kept_while_it_is_used_and_ended_when_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let started = folder.path().join("started");
        let script = format!("echo x >> {}; exec sleep 600", started.display());
        let words = ["/bin/sh", "-c", &script].map(OsString::from);
        let connection = Connection::new(words.into(), &folder.path().join("socket"), IDLE);
        let lease = connection.begin();
        drop(connection.begin());
        while !started.exists() {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(IDLE * 4).await;
        assert!(is_running(&connection), "it is in use");
        drop(lease);
        while is_running(&connection) {
            tokio::time::sleep(IDLE / 4).await;
        }
        assert_eq!(std::fs::read_to_string(started).unwrap(), "x\n");
    }

    #[tokio::test]
    async fn one_that_is_spoiled_ends_at_once_and_the_next_is_another() {
        let words = ["/bin/sleep", "600"].map(OsString::from);
        let connection = Connection::new(words.into(), Path::new("/nonexistent/socket"), IDLE);
        let lease = connection.begin();
        lease.spoil();
        assert!(!is_running(&connection));
        drop(connection.begin());
        assert!(is_running(&connection));
    }

    #[tokio::test]
    async fn one_that_failed_is_not_waited_for_and_not_begun_again_at_once() {
        let words = ["/bin/false"].map(OsString::from);
        let connection = Connection::new(words.into(), Path::new("/nonexistent/socket"), IDLE);
        let begun = Instant::now();
        drop(connection.lease().await);
        assert!(begun.elapsed() < CONNECTION_WAIT);
        drop(connection.begin());
        assert!(locked(&connection.state).running.is_none());
        tokio::time::sleep(IDLE).await;
        drop(connection.begin());
        assert!(locked(&connection.state).running.is_some());
    }
}
