//! Where pushed objects wait: seen by nobody, and gone unless the push succeeds.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use bottle_wire::frame;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::child::{self, Patience};
use crate::gate::{Gate, Repo};
use crate::limits::{EXAMINE_TIME, PACK_BYTES, unpack_seconds};
use crate::server::{Body, BodyError};
use crate::space::{NoSpace, Share};
use crate::text;
use crate::worker::{Job, Report};

/// Objects apart from the mirror's.
#[derive(Debug)]
pub(super) struct Quarantine {
    folder: TempDir,
    objects: PathBuf,
    mirror: PathBuf,
    git: PathBuf,
    worker: Vec<OsString>,
    share: Share,
    /// The bytes of the pack.
    received: u64,
}

/// Says why a push could not be unpacked or looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum QuarantineError {
    #[error("the disk of the gate is full")]
    Full,
    #[error(transparent)]
    NoSpace(#[from] NoSpace),
    #[error("the pack takes more memory than one push may")]
    TooMuchMemory,
    #[error("the gate cannot unpack a push: {0}")]
    Io(#[from] io::Error),
    #[error("the pack is not accepted: {0}")]
    Pack(String),
    #[error("the pack is larger than {PACK_BYTES} bytes")]
    TooLarge,
    #[error("the pack takes more work than one of its size may")]
    TooSlow,
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("the push could not be examined: {0}")]
    Worker(String),
}

impl Quarantine {
    pub(super) async fn create(gate: &Gate, repo: &Repo) -> Result<Self, QuarantineError> {
        let share = gate.space().share().await?;
        let folder = TempDir::with_prefix_in("push-", gate.quarantine()).map_err(full_or)?;
        let objects = folder.path().join("objects");
        std::fs::create_dir_all(objects.join("pack")).map_err(full_or)?;
        Ok(Self {
            folder,
            objects,
            mirror: repo.mirror.folder().to_owned(),
            git: gate.programs().git.clone(),
            worker: gate.programs().worker.clone(),
            share,
            received: 0,
        })
    }

    pub(super) fn objects(&self) -> &Path {
        &self.objects
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    fn worker(&self, arguments: &[&Path]) -> Result<Command, QuarantineError> {
        let no_worker = || QuarantineError::Worker("there is no worker".to_owned());
        let (program, first) = self.worker.split_first().ok_or_else(no_worker)?;
        let mut command = Command::new(program);
        command
            .args(first)
            .args(arguments)
            .env_clear()
            .current_dir(self.folder.path());
        Ok(command)
    }

    /// Streams a pack into git.
    pub(super) async fn unpack(&mut self, body: &mut Body) -> Result<(), QuarantineError> {
        let bytes = self.share.file().to_string();
        let arguments = [
            Path::new("unpack"),
            &self.git,
            &self.mirror,
            &self.objects,
            Path::new(&bytes),
        ];
        let (mut child, mut group) = child::start(self.worker(&arguments)?)?;
        let (Some(mut stdin), Some(mut stderr)) = (child.stdin.take(), child.stderr.take()) else {
            return Err(io::Error::other("a child without pipes").into());
        };
        let pid = group.leader();
        let received = &mut self.received;
        let feeding = async {
            while let Some(piece) = body.next().await? {
                *received += piece.len() as u64;
                if *received > PACK_BYTES {
                    return Err(QuarantineError::TooLarge);
                }
                allow_work(pid, *received);
                // A child that wants no more says why on its standard error; git's closing bytes may stay unread.
                if stdin.write_all(&piece).await.is_err() {
                    break;
                }
            }
            drop(stdin);
            Ok(())
        };
        let hearing = async {
            let (mut said, mut buffer) = (Vec::new(), vec![0; 4096]);
            while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
                child::keep_end(&mut said, buffer.get(..read).unwrap_or_default());
            }
            said
        };
        let running = async {
            let (fed, said) = tokio::join!(feeding, hearing);
            fed.map(|()| said)
        };
        let said = timeout(EXAMINE_TIME, running)
            .await
            .map_err(|_| QuarantineError::TooSlow)??;
        let status = timeout(Duration::from_secs(10), child.wait())
            .await
            .map_err(|_| QuarantineError::TooSlow)??;
        group.has_ended();
        match status.success() {
            true => Ok(()),
            false => Err(complaint(&said, status)),
        }
    }

    /// Lets the worker look at what was unpacked.
    pub(super) async fn examine(&self, job: &Job) -> Result<Report, QuarantineError> {
        let worker_error = |reason: String| QuarantineError::Worker(text::line(&reason));
        let input = frame::encode(job).map_err(|error| worker_error(error.to_string()))?;
        let patience = Patience {
            silence: EXAMINE_TIME,
            total: EXAMINE_TIME,
        };
        let done = child::run(self.worker(&[Path::new("examine")])?, &input, patience).await;
        let done = done.map_err(|error| worker_error(error.to_string()))?;
        if is_overworked(done.status) {
            return Err(QuarantineError::TooSlow);
        }
        let read = frame::read_blocking(&mut done.stdout.as_slice());
        read.map_err(|_| worker_error(text::last_lines(&done.stderr, 1).join(" ")))
    }

    /// Gives the mirror what the upstream has now; without it the next fetch brings it.
    pub(super) fn adopt(&self) {
        if let Err(error) = self.try_adopt() {
            tracing::warn!(%error, "pushed objects are fetched again");
        }
    }

    fn try_adopt(&self) -> io::Result<()> {
        let to = self.mirror.join("objects/pack");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.objects.join("pack"))? {
            names.push(entry?.file_name());
        }
        // An index without its pack would be an error to whoever reads meanwhile.
        names.sort_by_key(|name| Path::new(name).extension().is_some_and(|kind| kind == "idx"));
        for name in names {
            std::fs::rename(self.objects.join("pack").join(&name), to.join(&name))?;
        }
        Ok(())
    }
}

/// Gives git as much processor time as a pack of so many bytes may take. One that has ended needs no more.
fn allow_work(git: Option<Pid>, bytes: u64) {
    if bytes < 1 << 20 {
        return;
    }
    let limit = Rlimit {
        current: Some(unpack_seconds(bytes)),
        maximum: Some(unpack_seconds(PACK_BYTES)),
    };
    let _ended = git.map(|git| prlimit(Some(git), Resource::Cpu, limit));
}

fn complaint(said: &[u8], status: ExitStatus) -> QuarantineError {
    let lines = text::last_lines(said, 3);
    if lines.iter().any(|line| line.contains("No space left on device")) {
        return QuarantineError::Full;
    }
    if lines
        .iter()
        .any(|line| line.contains("Out of memory") || line.contains("out of memory"))
    {
        return QuarantineError::TooMuchMemory;
    }
    match status {
        status if status.signal() == Some(libc::SIGXFSZ) => QuarantineError::NoSpace(NoSpace),
        status if is_overworked(status) => QuarantineError::TooSlow,
        _ if lines.is_empty() => QuarantineError::Pack(format!("git ended with {status}")),
        _ => QuarantineError::Pack(lines.join("; ")),
    }
}

fn full_or(error: io::Error) -> QuarantineError {
    match error.kind() {
        io::ErrorKind::StorageFull => QuarantineError::Full,
        _ => QuarantineError::Io(error),
    }
}

fn is_overworked(status: ExitStatus) -> bool {
    matches!(status.signal(), Some(libc::SIGXCPU | libc::SIGKILL))
}
