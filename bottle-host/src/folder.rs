//! One bottle's folder on the host: whose it is, how it is, and what it is made of.

use std::fs::{self, File};
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bottle_backend::{Host, Owner};
use bottle_guest::{LOCK, SOCKET};
use bottle_plan::names::Identity;
use bottle_util::files;
use rustix::process::{Pid, Signal, kill_process};

use crate::record::{self, Guest, Record};

/// The most bytes of a file that is read back.
const MOST: u64 = 4 << 20;
/// How long a keeper may take to end when it is told, and when it is killed.
const END: Duration = Duration::from_secs(10);
const KILL: Duration = Duration::from_secs(5);
/// The pause between two looks at a keeper.
const PAUSE: Duration = Duration::from_millis(2);
/// How often removal is tried: what ends may still be writing.
const ATTEMPTS: u32 = 50;
/// What a folder is called until its bottle has its name.
const NEW: &str = ".new-";

/// One bottle's folder, with what is written down of a guest of kind `G`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder<G> {
    path: PathBuf,
    guest: PhantomData<fn() -> G>,
}

/// A name that was taken; nobody else starts that bottle while this is held.
#[derive(Debug)]
pub struct Claim<G> {
    /// The bottle's folder.
    pub folder: Folder<G>,
    /// Whether the bottle was there before.
    pub again: bool,
    _starting: File,
}

impl<G: Guest> Folder<G> {
    fn at(path: PathBuf) -> Self {
        Self {
            path,
            guest: PhantomData,
        }
    }

    /// Names the folder of a bottle.
    #[must_use]
    pub fn of(root: &Path, identity: &Identity) -> Self {
        Self::at(root.join(identity.as_str()))
    }

    /// Lists the folders that are there.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn all(root: &Path) -> io::Result<Vec<Self>> {
        let entries = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut folders = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(Self::at(entry.path()));
            }
        }
        folders.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(folders)
    }

    /// Takes a name: none when it is another's. What is left of a start that died makes way.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn claim(root: &Path, owner: &Owner, host: &Host) -> io::Result<Option<Claim<G>>> {
        files::create_private_dir(root)?;
        let folder = Self::of(root, &owner.identity);
        // Twice: what is found dead the first time makes way.
        for _ in 0..2 {
            if let Some(starting) = folder.make(root, owner)? {
                return Ok(Some(Claim {
                    folder,
                    again: false,
                    _starting: starting,
                }));
            }
            let Some(record) = folder.record() else {
                return Ok(None);
            };
            let Some(starting) = folder.try_start()? else {
                return Ok(None);
            };
            if !host.owns(&record.owner) || folder.is_kept()? {
                return Ok(None);
            }
            if record.ready && !host.sees(&record.owner) {
                return Ok(None);
            }
            if record.ready {
                return Ok(Some(Claim {
                    folder,
                    again: true,
                    _starting: starting,
                }));
            }
            if host.is_alive(&record.owner) {
                return Ok(None);
            }
            folder.remove_now()?;
        }
        Ok(None)
    }

    /// Makes the folder, whole from its first moment; none when there is one.
    fn make(&self, root: &Path, owner: &Owner) -> io::Result<Option<File>> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let new = Self::at(root.join(format!("{NEW}{}-{}-{number}", owner.pid, owner.pid_started)));
        files::create_private_dir(&new.path)?;
        let made = (|| {
            for folder in [new.events(), new.private(), new.files()] {
                files::create_private_dir(&folder)?;
            }
            fs::create_dir(new.doors())?;
            record::write(&new.path, &Record::<G>::new(owner.clone()))?;
            new.try_start()
        })();
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        let cwd = rustix::fs::CWD;
        let named = made.and_then(|starting| {
            match rustix::fs::renameat_with(cwd, &new.path, cwd, &self.path, flags) {
                Ok(()) => Ok(starting),
                Err(rustix::io::Errno::EXIST | rustix::io::Errno::NOTEMPTY) => Ok(None),
                Err(error) => Err(error.into()),
            }
        });
        if !matches!(&named, Ok(Some(_))) {
            new.remove_now()?;
        }
        named
    }

    /// Tells whether a start of this folder died before it had a name, and of which process that was.
    #[must_use]
    pub fn nameless(&self) -> Option<(u32, u64)> {
        let name = self.path.file_name()?.to_str()?.strip_prefix(NEW)?;
        let mut parts = name.split('-');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    fn try_start(&self) -> io::Result<Option<File>> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path.join("starting"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Returns what is written down about the bottle; none when nothing is.
    #[must_use]
    pub fn record(&self) -> Option<Record<G>> {
        record::read(&self.path)
    }

    /// Writes down what is known about the bottle.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn write_record(&self, record: &Record<G>) -> io::Result<()> {
        record::write(&self.path, record)
    }

    /// Tells whether a keeper stays with the bottle. What one that was killed has left is taken away.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn is_kept(&self) -> io::Result<bool> {
        let file = match File::open(self.path.join(LOCK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        match file.try_lock() {
            // The lock is held meanwhile, so that no keeper begins.
            Ok(()) => self.clear().map(|()| false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Removes the sockets that nobody serves and the group of processes without any.
    fn clear(&self) -> io::Result<()> {
        bottle_guest::remove_group(&self.path);
        let doors = fs::read_dir(self.doors()).into_iter().flatten().flatten();
        let doors = doors
            .map(|door| door.path())
            .filter(|door| door.extension().is_some_and(|end| end == "sock"));
        for socket in doors.chain([self.path.join(SOCKET), self.control()]) {
            match fs::remove_file(socket) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Ends the keeper, and with it everything that runs for the bottle.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn end(&self) -> io::Result<()> {
        for (signal, patience) in [(Signal::TERM, END), (Signal::KILL, KILL)] {
            let deadline = Instant::now() + patience;
            let mut told = None;
            while Instant::now() < deadline {
                if !self.is_kept()? {
                    return Ok(());
                }
                let keeper = self.keeper();
                if keeper != told
                    && let Some(keeper) = keeper
                {
                    // It holds the lock, so it is the one that wrote its number there.
                    let _gone = kill_process(keeper, signal);
                    told = Some(keeper);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Err(io::Error::other("the bottle's keeper does not end"))
    }

    fn keeper(&self) -> Option<Pid> {
        let text = files::read_bounded(&self.path.join(LOCK), MOST).ok()?;
        Pid::from_raw(std::str::from_utf8(&text).ok()?.parse().ok()?)
    }

    /// Ends what runs for the bottle and removes its folder, and what was made elsewhere for it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn remove(&self) -> io::Result<()> {
        for _ in 0..ATTEMPTS {
            if fs::symlink_metadata(&self.path).is_err() {
                return Ok(());
            }
            self.end().await?;
            if self.remove_now().is_ok() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE * 5).await;
        }
        self.remove_now()
    }

    fn remove_now(&self) -> io::Result<()> {
        if let Some(record) = self.record() {
            record.clear_covers();
        }
        bottle_guest::remove_group(&self.path);
        // What runs in a guest may have taken every right from its own folders.
        open_up(&self.files());
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Returns where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder with the doors' sockets.
    #[must_use]
    pub fn doors(&self) -> PathBuf {
        self.path.join("doors")
    }

    /// Returns the folder of the event log.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.path.join("events")
    }

    /// Returns the folder of the git gate's mirrors.
    #[must_use]
    pub fn git(&self) -> PathBuf {
        self.path.join("git")
    }

    /// Returns the list of users that a sidecar with a git gate sees.
    #[must_use]
    pub fn accounts(&self) -> PathBuf {
        self.path.join("passwd")
    }

    /// Returns the folder with the guest's own files.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    /// Returns the control socket, which no guest sees.
    #[must_use]
    pub fn control(&self) -> PathBuf {
        self.private().join("control.sock")
    }

    /// Returns the file with what the bottle's programs complained about.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    fn private(&self) -> PathBuf {
        self.path.join("private")
    }
}

/// Lets this user into every folder below, so that they can be removed. Nothing in them runs any more.
fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(meta) = fs::symlink_metadata(folder) else {
        return;
    };
    if !meta.is_dir() {
        return;
    }
    if meta.permissions().mode() & 0o700 != 0o700 {
        // Another user's is removed by root, who needs no permission.
        let _theirs = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}
