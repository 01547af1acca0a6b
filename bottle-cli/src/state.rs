//! What is kept of each bottle on the host: `state/<identity>/`, the owner's alone.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bottle_plan::BottlePlan;
use bottle_plan::names::{Identity, Label, Name};
use bottle_plan::spec::Color;
use bottle_util::files;
use bottle_wire::chain::Head;
use serde::{Deserialize, Serialize};

/// The state folder of one bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder {
    path: PathBuf,
}

/// Keeps a second command away from a bottle's state for as long as it lives.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// What `list` and later commands need to know of a bottle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The bottle's name.
    pub identity: Identity,
    /// The agent.
    pub agent: Name,
    /// The bottles that were merged.
    pub bottles: Vec<Name>,
    /// Where it runs.
    pub backend: Name,
    /// Where the command was when it was started.
    pub cwd: PathBuf,
    /// `none`, `copy` or `mount`.
    pub workspace: String,
    /// Seconds since 1970.
    pub started_at: u64,
    /// The user's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// Its colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
}

/// The key of a bottle's event chain and how far its events were fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainState {
    /// The key, hexadecimal.
    pub key: String,
    /// The last event that was fetched.
    pub head: Head,
    /// How many bytes the fetched events have.
    pub bytes: u64,
}

/// Says why a bottle's state could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another command works on the bottle.
    #[error("another `bottle` command is working on {0}")]
    Locked(PathBuf),
    /// A file of ours is not what we wrote.
    #[error("{path} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// The recorded plan is not what we wrote.
    #[error("{path} is damaged")]
    DamagedPlan {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        #[source]
        source: serde_yaml::Error,
    },
}

impl StateFolder {
    /// Names the folder of a bottle; nothing is made.
    #[must_use]
    pub fn of(root: &Path, identity: &Identity) -> Self {
        Self {
            path: root.join(identity.as_str()),
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder and takes its lock.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made, or another command holds the lock.
    pub fn create(&self) -> Result<StateLock, StateError> {
        files::create_private_dir(&self.path).map_err(|source| self.io("make", source))?;
        self.lock()
    }

    /// Takes the folder's lock.
    ///
    /// # Errors
    ///
    /// When another command holds it.
    pub fn lock(&self) -> Result<StateLock, StateError> {
        let file = self.lock_file("lock")?;
        Ok(StateLock { _file: file })
    }

    fn lock_file(&self, name: &str) -> Result<File, StateError> {
        let path = self.path.join(name);
        let file = File::options().create(true).append(true).mode(0o600).open(&path);
        let file = file.map_err(|source| self.io("lock", source))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(StateError::Locked(self.path.clone())),
            Err(fs::TryLockError::Error(source)) => Err(self.io("lock", source)),
        }
    }

    /// Writes one of the folder's files.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), StateError> {
        let path = self.path.join(name);
        files::write_private(&path, content).map_err(|source| StateError::Io {
            action: "write",
            path,
            source,
        })
    }

    /// Removes one of the folder's files, if it is there.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn remove_file(&self, name: &str) -> Result<(), StateError> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StateError::Io {
                action: "remove",
                path,
                source,
            }),
            _ => Ok(()),
        }
    }

    /// Writes one of the folder's JSON files.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StateError> {
        let text = serde_json::to_vec_pretty(value);
        let text = text.map_err(|source| StateError::Damaged {
            path: self.path.join(name),
            source,
        })?;
        self.write(name, &text)
    }

    /// Reads one of the folder's JSON files.
    ///
    /// # Errors
    ///
    /// When it is missing, larger than 1 MiB or not what was written.
    pub fn read_json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, StateError> {
        let path = self.path.join(name);
        let bytes = files::read_bounded(&path, 1 << 20);
        let bytes = bytes.map_err(|source| StateError::Io {
            action: "read",
            path: path.clone(),
            source,
        })?;
        serde_json::from_slice(&bytes).map_err(|source| StateError::Damaged { path, source })
    }

    /// Reads the plan that the bottle runs.
    ///
    /// # Errors
    ///
    /// When it is missing or not what was written.
    pub fn plan(&self) -> Result<BottlePlan, StateError> {
        let path = self.path.join(PLAN);
        let bytes = files::read_bounded(&path, MOST_PLAN_BYTES);
        let bytes = bytes.map_err(|source| StateError::Io {
            action: "read",
            path: path.clone(),
            source,
        })?;
        serde_yaml::from_slice(&bytes).map_err(|source| StateError::DamagedPlan { path, source })
    }

    /// Appends fetched events, one line each.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn append_events(&self, lines: &[String]) -> Result<(), StateError> {
        use std::io::Write;
        let path = self.path.join(EVENTS);
        let append = || {
            let mut file = File::options()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(&path)?;
            let mut text = lines.join("\n");
            text.push('\n');
            file.write_all(text.as_bytes())
        };
        append().map_err(|source| StateError::Io {
            action: "append to",
            path: path.clone(),
            source,
        })
    }

    /// Keeps other commands from the fetched events for as long as the returned file is open.
    pub(crate) fn lock_events(&self) -> Result<File, StateError> {
        self.lock_file("events.lock")
    }

    /// Cuts off what was appended beyond a length.
    pub(crate) fn cut_events(&self, bytes: u64) -> Result<(), StateError> {
        let path = self.path.join(EVENTS);
        let cut = || match File::options().write(true).open(&path) {
            Ok(file) if file.metadata()?.len() > bytes => file.set_len(bytes),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        cut().map_err(|source| StateError::Io {
            action: "cut",
            path: path.clone(),
            source,
        })
    }

    /// Reads the fetched events, oldest first; none were fetched when there is no file.
    ///
    /// # Errors
    ///
    /// When the file is larger than 258 MiB or cannot be read.
    pub fn events(&self) -> Result<Vec<String>, StateError> {
        let path = self.path.join(EVENTS);
        match files::read_bounded(&path, MOST_EVENT_BYTES) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes)
                .lines()
                .map(str::to_owned)
                .collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(StateError::Io {
                action: "read",
                path,
                source,
            }),
        }
    }

    /// Names a folder by its path; nothing is made.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Removes the folder and all in it; it is no error when it is gone.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn remove(&self) -> Result<(), StateError> {
        match fs::remove_dir_all(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.io("remove", source)),
            _ => Ok(()),
        }
    }

    fn io(&self, action: &'static str, source: io::Error) -> StateError {
        StateError::Io {
            action,
            path: self.path.clone(),
            source,
        }
    }
}

/// The most bytes of a rendered plan; a prompt is part of it.
const MOST_PLAN_BYTES: u64 = 16 << 20;
/// The most bytes of fetched events that are read at once.
const MOST_EVENT_BYTES: u64 = 258 << 20;
/// The file of a bottle's [`Metadata`].
pub const METADATA: &str = "metadata.json";
/// The file of a bottle's rendered plan.
pub const PLAN: &str = "plan.yaml";
/// The file of a bottle's [`ChainState`].
pub const CHAIN: &str = "chain.json";
/// The file of a bottle's fetched events.
pub const EVENTS: &str = "events.jsonl";
/// The file that says that a bottle's guest was kept.
pub const PRESERVE: &str = ".preserve";

/// Lists the bottles that have a state folder, in the order of their names.
///
/// # Errors
///
/// When the folder cannot be read; that it does not exist is no error.
pub fn identities(root: &Path) -> Result<Vec<Identity>, StateError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(StateError::Io {
                action: "read",
                path: root.to_owned(),
                source,
            });
        }
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str().map(str::to_owned));
    let mut found: Vec<Identity> = names.filter_map(|name| name.parse().ok()).collect();
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_bottle_has_one_owner_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let folder = StateFolder::of(root.path(), &"demo-1".parse().unwrap());
        let lock = folder.create().unwrap();
        assert!(matches!(folder.lock(), Err(StateError::Locked(_))));
        drop(lock);
        assert!(folder.lock().is_ok());
        assert_eq!(
            fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn what_is_damaged_says_where() {
        let root = tempfile::tempdir().unwrap();
        let folder = StateFolder::of(root.path(), &"demo-1".parse().unwrap());
        let _lock = folder.create().unwrap();
        folder.write(CHAIN, b"{").unwrap();
        assert!(matches!(
            folder.read_json::<ChainState>(CHAIN),
            Err(StateError::Damaged { .. })
        ));
        assert_eq!(identities(root.path()).unwrap(), ["demo-1".parse().unwrap()]);
        folder.remove().unwrap();
        folder.remove().unwrap();
        assert!(identities(root.path()).unwrap().is_empty());
    }
}
