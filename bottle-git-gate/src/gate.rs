//! A gate: its repositories, who may use it at once, and what it reports.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bottle_plan::door::Door;
use bottle_plan::git::{ExtraScanner, GitRepo};
use bottle_plan::names::RepoName;
use bottle_scan::{KnownSecrets, Parts, Scanner};
use bottle_util::files;
use bottle_wire::event::{Event, What};
use bottle_wire::git_gate::{GitEvent, NamedSecret};
use bottle_wire::supervise::Ask;
use tokio::sync::{Semaphore, mpsc};

use crate::limits::{PUSHES, PUSHES_WAITING, READS};
use crate::mirror::Mirror;
use crate::policy::Policy;
use crate::settings::{Clock, MissingProgram, OpenError, Programs, Settings};
use crate::space::Space;
use crate::upstream::Upstream;
use crate::worker::ScannerProgram;

/// An open gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    repos: BTreeMap<String, Arc<Repo>>,
    programs: Programs,
    /// What must not be pushed; no value is in it.
    known: KnownSecrets,
    scanner: Scanner,
    quarantine: PathBuf,
    space: Arc<Space>,
    ask: Arc<dyn Ask>,
    events: mpsc::Sender<Event>,
    clock: Clock,
    is_held: AtomicBool,
    reads: Semaphore,
    pushes: Semaphore,
    waiting: Semaphore,
}

/// One repository behind the gate.
#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) name: RepoName,
    /// Who reads its pushes beside us.
    pub(crate) scanners: Vec<ScannerProgram>,
    pub(crate) policy: Policy,
    pub(crate) mirror: Mirror,
}

/// How long an event may wait for room before a request is refused.
const EVENT_TIME: Duration = Duration::from_secs(5);

impl Gate {
    /// Opens a gate; what an earlier one left half done is removed.
    ///
    /// # Errors
    ///
    /// When its folder or a key cannot be used.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        let folder = &settings.folder;
        if !folder.is_absolute() {
            return Err(unusable(folder, io::Error::other("its path has to be absolute")));
        }
        let quarantine = folder.join("quarantine");
        create(folder)?;
        match std::fs::remove_dir_all(&quarantine) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unusable(&quarantine, error));
            }
            _ => create(&quarantine)?,
        }
        let space = Space::new(folder, settings.most_bytes);
        let mut repos = BTreeMap::new();
        for (number, boot) in settings.boot.repos.iter().enumerate() {
            let own = folder.join(number.to_string());
            create(&own)?;
            let upstream = Upstream::open(boot, &settings.boot.roots, &settings.programs, &own).await?;
            let repo = Repo {
                name: boot.repo.name.clone(),
                scanners: scanners(&boot.repo, &settings.programs)?,
                policy: Policy::of(&boot.repo, &boot.accepted, &settings.boot.identity),
                mirror: Mirror::new(
                    &settings.programs.git,
                    own.join("mirror.git"),
                    upstream,
                    Arc::clone(&space),
                ),
            };
            repos.insert(boot.repo.name.to_string(), Arc::new(repo));
        }
        let known = fingerprints(&settings.boot.secrets)?;
        Ok(Self(Arc::new(Shared {
            scanner: Scanner::new().with_known(known.clone()),
            known,
            repos,
            programs: settings.programs,
            quarantine,
            space,
            ask: settings.ask,
            events: settings.events,
            clock: settings.clock,
            is_held: AtomicBool::new(false),
            reads: Semaphore::new(READS),
            pushes: Semaphore::new(PUSHES),
            waiting: Semaphore::new(PUSHES_WAITING),
        })))
    }

    /// Fetches every repository now, so that the first one who reads waits less. A failure is told to whoever asks.
    pub async fn warm_up(&self) {
        for repo in self.0.repos.values() {
            if let Err(error) = repo.mirror.refresh().await {
                tracing::warn!(repo = %repo.name, %error, "a repository cannot be mirrored now");
            }
        }
    }

    /// While it is held, every request is refused.
    pub fn hold(&self, held: bool) {
        self.0.is_held.store(held, Ordering::Relaxed);
    }

    /// Waits until no push is under way.
    pub async fn idle(&self) {
        let all = u32::try_from(PUSHES_WAITING).unwrap_or(u32::MAX);
        // Nobody closes it.
        let _idle = self.0.waiting.acquire_many(all).await;
    }

    pub(crate) fn is_held(&self) -> bool {
        self.0.is_held.load(Ordering::Relaxed)
    }

    pub(crate) fn repo(&self, name: &str) -> Option<Arc<Repo>> {
        self.0.repos.get(name).cloned()
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.repos.keys().map(String::as_str).collect()
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.0.programs
    }

    pub(crate) fn known(&self) -> &KnownSecrets {
        &self.0.known
    }

    /// Returns a text as the log may hold it.
    pub(crate) fn loggable(&self, text: &str) -> String {
        match self.0.scanner.scan(text.as_bytes()).findings.is_empty() {
            true => crate::text::line(text),
            false => "(it holds a secret)".to_owned(),
        }
    }

    pub(crate) fn quarantine(&self) -> &PathBuf {
        &self.0.quarantine
    }

    pub(crate) fn space(&self) -> &Arc<Space> {
        &self.0.space
    }

    pub(crate) fn ask(&self) -> &dyn Ask {
        self.0.ask.as_ref()
    }

    pub(crate) fn reads(&self) -> &Semaphore {
        &self.0.reads
    }

    pub(crate) fn pushes(&self) -> &Semaphore {
        &self.0.pushes
    }

    pub(crate) fn waiting(&self) -> &Semaphore {
        &self.0.waiting
    }

    /// Takes room for the event of one request: what cannot be recorded is not done.
    pub(crate) async fn room(&self) -> Option<Room> {
        let room = tokio::time::timeout(EVENT_TIME, self.0.events.clone().reserve_owned()).await;
        let permit = room.ok()?.ok()?;
        Some(Room {
            permit,
            clock: self.0.clock.clone(),
        })
    }
}

/// Room for one event.
#[derive(Debug)]
pub(crate) struct Room {
    permit: mpsc::OwnedPermit<Event>,
    clock: Clock,
}

impl Room {
    pub(crate) fn report(self, event: GitEvent) {
        let time = self.clock.now();
        self.permit.send(Event {
            time,
            door: Door::GitGate,
            what: What::Git(event),
        });
    }
}

fn fingerprints(secrets: &[NamedSecret]) -> Result<KnownSecrets, OpenError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|_| OpenError::Random)?;
    let mut known = KnownSecrets::new(key);
    for secret in secrets {
        if let Err(error) = known.add(&secret.name, &secret.value.0, Parts::Any) {
            tracing::warn!(name = secret.name, %error, "a value is not looked for in pushes");
        }
    }
    Ok(known)
}

/// One that is wanted and not there leaves the gate closed.
fn scanners(repo: &GitRepo, programs: &Programs) -> Result<Vec<ScannerProgram>, OpenError> {
    let program = |scanner: &ExtraScanner| {
        let path = programs.scanners.get(scanner).cloned();
        let missing = || OpenError::Program {
            repo: repo.name.to_string(),
            source: MissingProgram(scanner.program()),
        };
        Ok(ScannerProgram {
            scanner: *scanner,
            path: path.ok_or_else(missing)?,
        })
    };
    repo.scanners.iter().map(program).collect()
}

fn create(path: &Path) -> Result<(), OpenError> {
    files::create_private_dir(path).map_err(|source| unusable(path, source))
}

fn unusable(path: &Path, source: io::Error) -> OpenError {
    OpenError::Folder {
        path: path.to_owned(),
        source,
    }
}
