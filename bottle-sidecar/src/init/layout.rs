//! Folders and sockets, and which of them a guest may see.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bottle_plan::door::Door;
use bottle_util::files;

use super::Layout;
use super::process::uid_of;
use crate::limits::RELAY_BYTES;
use crate::socket::remove_socket_if_possible;

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// A layout whose folders exist, belong to this user, and are apart; paths without links.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) doors: PathBuf,
    pub(super) control: PathBuf,
    pub(super) events: PathBuf,
    /// The git gate's, which its user alone may enter.
    pub(super) git: Option<PathBuf>,
    relay: PathBuf,
}

/// Says what is wrong with where a sidecar is to keep its things.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A folder cannot be made or looked at.
    #[error("cannot use {}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something private lies in the doors folder, which the guest sees.
    #[error("{what} {} lies in the doors folder {}, which the guest sees", path.display(), doors.display())]
    InGuest {
        /// What.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// The doors folder.
        doors: PathBuf,
    },
    /// A folder is another user's, or others may enter a private one.
    #[error("{} must belong to its user alone (owner {owner}, mode {mode:03o})", path.display())]
    NotPrivate {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Its permission bits.
        mode: u32,
    },
    /// The control socket's path has no folder or no name.
    #[error("{} is no path for a socket", path.display())]
    NoSocket {
        /// The path.
        path: PathBuf,
    },
}

/// Makes what is missing and refuses what a guest could see.
pub(super) fn prepare(layout: &Layout) -> Result<Prepared, LayoutError> {
    let (folder, name) = split(&layout.control)?;
    let doors = existing(&layout.doors)?;
    // Before anything is made: a folder below the doors would be seen the moment it is there.
    let git = layout.git.iter().map(|git| ("the git gate's folder", git));
    for (what, path) in [
        ("the control socket", &layout.control),
        ("the event log", &layout.events),
    ]
    .into_iter()
    .chain(git)
    {
        refuse_in_guest(what, path, &doors)?;
    }
    own(&doors, 0o755)?;
    let control = made(folder)?;
    check_owner(&control, OTHERS)?;
    let events = made(&layout.events)?;
    // A fresh volume of an engine lets everybody in.
    own(&events, 0o700)?;
    let prepared = Prepared {
        doors,
        control: control.join(name),
        events,
        git: layout.git.as_deref().map(give_to_git_gate).transpose()?,
        relay: layout.relay.clone(),
    };
    // Those of a sidecar that was killed.
    prepared.remove_door_sockets();
    Ok(prepared)
}

impl Prepared {
    /// Returns the path of a door's socket.
    pub(super) fn socket(&self, door: Door) -> PathBuf {
        self.doors.join(format!("{}.sock", door.name()))
    }

    /// Returns the relay's program.
    pub(super) fn relay(&self) -> &Path {
        &self.relay
    }

    /// Removes what would look like a door that is there.
    pub(super) fn remove_door_sockets(&self) {
        for door in Door::ALL {
            remove_socket_if_possible(&self.socket(door));
        }
    }

    /// Puts the relay where the guest starts it from.
    pub(super) fn copy_relay(&self) -> io::Result<()> {
        let relay = files::read_bounded(&self.relay, RELAY_BYTES)?;
        let place = self.doors.join("relay");
        // A guest may be starting it: a program that is being written cannot be run.
        match files::read_bounded(&place, RELAY_BYTES) {
            Ok(present) if present == relay => Ok(()),
            _ => files::write_with_mode(&place, &relay, 0o755),
        }
    }
}

fn split(path: &Path) -> Result<(&Path, &OsStr), LayoutError> {
    let parts = path.parent().zip(path.file_name());
    parts.ok_or_else(|| LayoutError::NoSocket {
        path: path.to_owned(),
    })
}

fn refuse_in_guest(what: &'static str, path: &Path, doors: &Path) -> Result<(), LayoutError> {
    let real = resolve(path).map_err(|source| io_error(path, source))?;
    match real.starts_with(doors) {
        true => Err(LayoutError::InGuest {
            what,
            path: path.to_owned(),
            doors: doors.to_owned(),
        }),
        false => Ok(()),
    }
}

/// Follows the links of as much of a path as exists.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            // A link that leads nowhere could be made to lead into the doors folder later.
            match fs::symlink_metadata(path) {
                Ok(_) => Err(error),
                Err(_) => Ok(resolve(parent)?.join(name)),
            }
        }
        (resolved, ..) => resolved,
    }
}

fn existing(path: &Path) -> Result<PathBuf, LayoutError> {
    let made = fs::create_dir_all(path).and_then(|()| path.canonicalize());
    made.map_err(|source| io_error(path, source))
}

/// Makes a folder that nobody else may enter; one that is there stays as it is.
fn made(path: &Path) -> Result<PathBuf, LayoutError> {
    let made = files::create_private_dir(path).and_then(|()| path.canonicalize());
    made.map_err(|source| io_error(path, source))
}

/// Makes the folder of the git gate, which belongs to that door's user; in a container it is there already and is that
/// user's, since nobody in there could give it away.
fn give_to_git_gate(path: &Path) -> Result<PathBuf, LayoutError> {
    let failed = |source| io_error(path, source);
    if !path.exists() {
        files::create_private_dir(path).map_err(failed)?;
    }
    let real = path.canonicalize().map_err(failed)?;
    let us = rustix::process::geteuid();
    let user = if us.is_root() {
        uid_of(Door::GitGate)
    } else {
        us.as_raw()
    };
    let owner = || fs::metadata(&real).map(|found| found.uid()).map_err(failed);
    if us.is_root() && owner()? == us.as_raw() {
        let given = std::os::unix::fs::chown(&real, Some(user), Some(user));
        given.map_err(failed)?;
    }
    check_owner_is(user, &real, OTHERS)?;
    Ok(real)
}

/// Sets the permission bits of a folder that must be this user's.
fn own(path: &Path, mode: u32) -> Result<(), LayoutError> {
    check_owner(path, 0)?;
    let set = fs::set_permissions(path, Permissions::from_mode(mode));
    set.map_err(|source| io_error(path, source))
}

fn check_owner(path: &Path, forbidden: u32) -> Result<(), LayoutError> {
    check_owner_is(rustix::process::geteuid().as_raw(), path, forbidden)
}

fn check_owner_is(user: u32, path: &Path, forbidden: u32) -> Result<(), LayoutError> {
    let found = fs::metadata(path).map_err(|source| io_error(path, source))?;
    let (owner, mode) = (found.uid(), found.mode() & 0o777);
    match found.is_dir() && owner == user && mode & forbidden == 0 {
        true => Ok(()),
        false => Err(LayoutError::NotPrivate {
            path: path.to_owned(),
            owner,
            mode,
        }),
    }
}

fn io_error(path: &Path, source: io::Error) -> LayoutError {
    LayoutError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn layout(root: &Path, control: &str, events: &str) -> Layout {
        Layout {
            doors: root.join("doors"),
            control: root.join(control),
            events: root.join(events),
            git: Some(root.join("git")),
            relay: root.join("relay"),
            on_host: false,
        }
    }

    fn check(control: &str, events: &str) -> Result<Prepared, LayoutError> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("doors")).unwrap();
        symlink("doors", root.path().join("link")).unwrap();
        symlink("doors/nowhere", root.path().join("loose")).unwrap();
        prepare(&layout(root.path(), control, events))
    }

    #[test]
    fn control_channel_not_in_guest() {
        for control in [
            "doors/control.sock",
            "doors/deep/control.sock",
            "link/control.sock",
            "run/../doors/../doors/c",
        ] {
            let refused = check(control, "events");
            let in_guest =
                matches!(&refused, Err(LayoutError::InGuest { what, .. }) if what.contains("control"));
            assert!(in_guest || control.starts_with("run/"), "{control}: {refused:?}");
            assert!(refused.is_err(), "{control}");
        }
        assert!(check("loose/control.sock", "events").is_err());
        let refused = check("run/control.sock", "link/events");
        assert!(matches!(
            refused,
            Err(LayoutError::InGuest {
                what: "the event log",
                ..
            })
        ));
    }

    #[test]
    fn folders_apart_are_made_with_their_permissions() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("events")).unwrap();
        let prepared = prepare(&layout(root.path(), "run/control.sock", "events")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&prepared.doors), 0o755);
        assert_eq!(mode(&prepared.events), 0o700);
        assert_eq!(mode(prepared.control.parent().unwrap()), 0o700);
        assert_eq!(mode(&prepared.git.unwrap()), 0o700);
    }

    #[test]
    fn mirrors_lie_in_no_folder_that_the_guest_sees() {
        let root = tempfile::tempdir().unwrap();
        let inside = Layout {
            git: Some(root.path().join("doors/git")),
            ..layout(root.path(), "run/control.sock", "events")
        };
        let refused = prepare(&inside);
        assert!(matches!(refused, Err(LayoutError::InGuest { .. })), "{refused:?}");
        assert!(!root.path().join("doors/git").exists());
    }

    #[test]
    fn mirrors_that_others_may_read_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let git = root.path().join("git");
        fs::create_dir(&git).unwrap();
        fs::set_permissions(&git, Permissions::from_mode(0o755)).unwrap();
        let refused = prepare(&layout(root.path(), "run/control.sock", "events"));
        assert!(matches!(
            refused,
            Err(LayoutError::NotPrivate { mode: 0o755, .. })
        ));
    }

    #[test]
    fn a_private_folder_that_others_may_enter_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path().join("run");
        fs::create_dir(&run).unwrap();
        fs::set_permissions(&run, Permissions::from_mode(0o750)).unwrap();
        let refused = prepare(&layout(root.path(), "run/control.sock", "events"));
        assert!(matches!(
            refused,
            Err(LayoutError::NotPrivate { mode: 0o750, .. })
        ));
    }
}
