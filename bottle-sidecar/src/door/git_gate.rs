//! The git gate's door: its server, what it may start, and its events on their way to the first process.

use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bottle_git_gate::limits::MIRRORS_BYTES;
use bottle_git_gate::{Gate, Listener, MissingProgram, OpenError, Programs, Settings, SshPrograms, serve};
use bottle_plan::git::ExtraScanner;
use bottle_wire::door::FromDoor;
use bottle_wire::git_gate::GitGateBoot;
use bottle_wire::supervise::AskAnswer;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::desk::Desk;
use super::forward;
use crate::clock::Clock;
use crate::confine::{limit_files, shut_in_with_programs};
use crate::limits::{DRAIN_TIME, END_TIME, MESSAGES, MIRROR_FILE_BYTES};

/// Where git keeps the programs that it is made of.
const PARTS_OF_GIT: [&str; 4] = [
    "/usr/local/libexec/git-core",
    "/usr/local/lib/git-core",
    "/usr/libexec/git-core",
    "/usr/lib/git-core",
];
/// What git reads a command line of ssh's with.
const SHELL: &str = "/bin/sh";

/// An open door.
#[derive(Debug)]
pub(super) struct GitGate {
    gate: Gate,
    desk: Arc<Desk>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    warming: JoinHandle<()>,
    forwarding: JoinHandle<()>,
}

/// Says why the door stays closed.
#[derive(Debug, thiserror::Error)]
pub(super) enum GitGateError {
    #[error("cannot listen")]
    Listen(#[from] io::Error),
    #[error(transparent)]
    Program(#[from] MissingProgram),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Leaves this process git and ssh, what they are made of, and its own folder.
///
/// # Errors
///
/// What the system says.
pub(super) fn shut_in(folder: &Path) -> io::Result<()> {
    // Whichever is missing is said when the door is opened.
    let mut programs = match programs() {
        Ok(found) => {
            let ssh = found.ssh.map(SshPrograms::into_paths);
            let others = found.scanners.into_values().chain([found.git]);
            ssh.into_iter().flatten().chain(others).collect()
        }
        Err(_) => Vec::new(),
    };
    programs.extend(PARTS_OF_GIT.map(PathBuf::from));
    programs.push(SHELL.into());
    limit_files(MIRROR_FILE_BYTES)?;
    shut_in_with_programs(programs, folder)
}

fn programs() -> Result<Programs, MissingProgram> {
    let worker = ["/proc/self/exe", "git-worker"].map(OsString::from);
    Programs::find(&ExtraScanner::FOLDERS.map(PathBuf::from), worker.into())
}

impl GitGate {
    /// Serves the listener, and fetches every repository in the background.
    pub(super) async fn open(
        boot: GitGateBoot,
        folder: &Path,
        clock: Clock,
        listener: UnixListener,
        say: mpsc::Sender<FromDoor>,
    ) -> Result<Self, GitGateError> {
        let listener = Listener::Unix(tokio::net::UnixListener::from_std(listener)?);
        let (events, to_forward) = mpsc::channel(MESSAGES);
        let desk = Arc::new(Desk::new(clock, say.clone()));
        let gate = Gate::open(Settings {
            boot,
            programs: programs()?,
            folder: folder.to_owned(),
            most_bytes: MIRRORS_BYTES,
            ask: Arc::<Desk>::clone(&desk),
            events,
            clock: bottle_git_gate::Clock::new(move || clock.now()),
        })
        .await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn({
            let gate = gate.clone();
            async move {
                let stopped = async {
                    // A dropped sender ends it as well.
                    let _stop = stopped.await;
                };
                serve(gate, listener, stopped).await;
            }
        });
        let warming = tokio::spawn({
            let gate = gate.clone();
            async move { gate.warm_up().await }
        });
        Ok(Self {
            gate,
            desk,
            stop,
            serving,
            warming,
            forwarding: tokio::spawn(forward(to_forward, say)),
        })
    }

    /// Takes the first process's answer to a question.
    pub(super) fn answered(&self, call: u64, answer: AskAnswer) {
        self.desk.answered(call, answer);
    }

    /// Refuses every new request, or no longer.
    pub(super) fn hold(&self, held: bool) {
        self.gate.hold(held);
    }

    /// Gives pushes that are under way a short time, ends, and passes on the last events.
    pub(super) async fn drain(self) {
        self.warming.abort();
        let _idle = timeout(DRAIN_TIME, self.gate.idle()).await;
        // It may have ended by itself.
        let _stopping = self.stop.send(());
        let _given_up = timeout(END_TIME / 4, self.serving).await;
        drop(self.gate);
        let _passed_on = timeout(END_TIME / 4, self.forwarding).await;
    }
}
