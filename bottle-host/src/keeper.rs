//! Starting a keeper: the process that starts a guest and stays with it.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bottle_guest::{GuestSpec, Order, Service, Told, receive, send};
use bottle_util::untrusted;

/// How long a guest may take to take commands.
const LIMIT: Duration = Duration::from_secs(60);
/// The most bytes of a bottle's log that are shown.
const MOST_COMPLAINT: u64 = 4 << 10;

/// A keeper that ends, with all that it has started, when this is dropped; unless it was told to stay.
#[derive(Debug)]
pub struct Keeper {
    leash: UnixStream,
}

impl Keeper {
    /// Starts a guest and waits until it takes commands. `files` are for the program behind the doors.
    ///
    /// # Errors
    ///
    /// What the keeper says, or the system.
    pub async fn start(program: &Path, spec: GuestSpec, log: &Path, files: Vec<OwnedFd>) -> io::Result<Self> {
        Self::begin(program, Order::Start(Box::new(spec)), log, files).await
    }

    /// Starts the program behind the doors alone, for a guest that another program runs.
    ///
    /// # Errors
    ///
    /// What the keeper says, or the system.
    pub async fn serve(
        program: &Path,
        service: Service,
        log: &Path,
        files: Vec<OwnedFd>,
    ) -> io::Result<Self> {
        Self::begin(program, Order::Serve(service), log, files).await
    }

    async fn begin(program: &Path, order: Order, log: &Path, files: Vec<OwnedFd>) -> io::Result<Self> {
        let (keeper, child) = spawn(program, log)?;
        // The runtime collects it whenever it ends.
        drop(child);
        let leash = keeper.leash.try_clone()?;
        let started = tokio::task::spawn_blocking(move || begin(&leash, &order, &files));
        match started.await.map_err(io::Error::other)?? {
            Told::Ready => Ok(keeper),
            Told::Failed { reason } => Err(io::Error::other(untrusted::line(&reason))),
        }
    }

    /// Tells it to go on without this process.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn stay(self) -> io::Result<()> {
        send(&self.leash, &Order::Stay, &[])
    }
}

fn spawn(program: &Path, log: &Path) -> io::Result<(Keeper, tokio::process::Child)> {
    let (leash, theirs) = UnixStream::pair()?;
    let log = File::options().append(true).create(true).open(log)?;
    let mut command = Command::new(program);
    command
        // The guest's first process keeps this name, and the agent should not learn where the host keeps programs.
        .arg0("bottle-guest")
        .arg("guest")
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(log.try_clone()?)
        .stderr(log);
    let child = tokio::process::Command::from(command).spawn()?;
    Ok((Keeper { leash }, child))
}

fn begin(leash: &UnixStream, order: &Order, files: &[OwnedFd]) -> io::Result<Told> {
    leash.set_read_timeout(Some(LIMIT))?;
    let files: Vec<_> = files.iter().map(AsFd::as_fd).collect();
    send(leash, order, &files)?;
    receive(leash).map(|(told, _)| told)
}

/// Returns the end of what was complained, in one line.
pub(crate) fn complaint(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let most = usize::try_from(MOST_COMPLAINT).unwrap_or(usize::MAX);
    let end = text.get(text.len().saturating_sub(most)..).unwrap_or_default();
    untrusted::line(String::from_utf8_lossy(end).trim())
}
