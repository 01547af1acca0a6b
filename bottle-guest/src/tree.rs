//! A file system of its own, put together from parts of the host's.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::mount::{MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};

use crate::spec::Mount;
use crate::sys;

const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY;
const NO_SET_ID: u64 = libc::MOUNT_ATTR_NOSUID;
const NO_DEVICES: u64 = libc::MOUNT_ATTR_NODEV;
const NO_PROGRAMS: u64 = libc::MOUNT_ATTR_NOEXEC;
/// A folder that every host has and everybody may enter; what lies there is not needed any more once it is covered.
const PLACE: &str = "/usr";

/// Says which part of a file system could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}")]
pub(crate) struct TreeError {
    action: &'static str,
    path: String,
    #[source]
    source: io::Error,
}

/// The parts of the host that a tree shows, open and mounted nowhere.
pub(crate) struct Sources(Vec<Option<OwnedFd>>);

impl Sources {
    /// Opens what the binds name, for whoever may open it here.
    pub(crate) fn open(tree: &[Mount]) -> Result<Self, TreeError> {
        tree.iter().map(source).collect::<Result<_, _>>().map(Self)
    }
}

fn source(mount: &Mount) -> Result<Option<OwnedFd>, TreeError> {
    let (source, opened) = match mount {
        Mount::Bind {
            source,
            writable,
            devices,
            ..
        } => (source, bound(source, *writable, *devices)),
        // Some file systems can be no layer.
        Mount::Layer { source, empty, .. } => (
            source,
            layer(source, empty).or_else(|_| bound(source, false, false)),
        ),
        _ => return Ok(None),
    };
    opened
        .map(Some)
        .map_err(|error| failed("open", &source.to_string_lossy(), error))
}

fn bound(source: &Path, writable: bool, devices: bool) -> io::Result<OwnedFd> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = rustix::mount::open_tree(CWD, source, flags)?;
    let read_only = if writable { 0 } else { READ_ONLY };
    let no_devices = if devices { 0 } else { NO_DEVICES };
    sys::set_mount(tree.as_fd(), NO_SET_ID | read_only | no_devices)?;
    Ok(tree)
}

/// Makes a file system of a folder and an empty one, since one alone is none that can only be read. Both are named by
/// their descriptors: whoever is in there reads the names, and they may be long or hold any letter.
fn layer(source: &Path, empty: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = |path: &Path| rustix::fs::open(path, flags, Mode::empty());
    let (source, empty) = (open(source)?, open(empty)?);
    let layers = format!(
        "/proc/self/fd/{}:/proc/self/fd/{}",
        source.as_raw_fd(),
        empty.as_raw_fd()
    );
    let attributes = READ_ONLY | NO_SET_ID | NO_DEVICES;
    sys::file_system(c"overlay", &[("lowerdir", &layers)], attributes)
}

/// Makes the tree, enters it and lets go of the host's.
pub(crate) fn enter(tree: &[Mount], sources: Sources) -> Result<(), TreeError> {
    let made = prepare(tree).map_err(|error| failed("make", "/", error))?;
    for ((mount, source), kernel) in tree.iter().zip(sources.0).zip(made) {
        place(mount, source.or(kernel)).map_err(|error| failed("mount", mount.target(), error))?;
    }
    Ok(())
}

/// Takes the right to write away from what the tree says, and from its root.
pub(crate) fn seal(tree: &[Mount]) -> Result<(), TreeError> {
    for mount in tree {
        let sealed = match mount {
            Mount::Seal { target } => seal_below(Path::new(target)),
            Mount::Cover { target } => cover(Path::new(target)),
            _ => continue,
        };
        sealed.map_err(|error| failed("close", mount.target(), error))?;
    }
    sys::set_root_read_only().map_err(|error| failed("close", "/", error))
}

/// Enters an empty root. The kernel's own file systems are made before: it shows processes only to those who see all
/// of them already.
fn prepare(tree: &[Mount]) -> io::Result<Vec<Option<OwnedFd>>> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change(c"/", private)?;
    let kernel = tree.iter().map(of_kernel).collect::<io::Result<_>>()?;
    let options = [("size", "1m"), ("nr_inodes", "8k"), ("mode", "0755")];
    let root = sys::file_system(c"tmpfs", &options, NO_SET_ID | NO_DEVICES)?;
    attach(root.as_fd(), Path::new(PLACE))?;
    rustix::process::fchdir(&root)?;
    rustix::process::pivot_root(c".", c".")?;
    rustix::mount::unmount(c".", UnmountFlags::DETACH)?;
    rustix::process::chdir(c"/")?;
    Ok(kernel)
}

fn of_kernel(mount: &Mount) -> io::Result<Option<OwnedFd>> {
    let none = NO_SET_ID | NO_PROGRAMS;
    Ok(Some(match mount {
        Mount::Memory { bytes, mode, .. } => {
            let (bytes, mode) = (bytes.to_string(), format!("{mode:o}"));
            let options = [("size", bytes.as_str()), ("mode", &mode)];
            sys::file_system(c"tmpfs", &options, NO_SET_ID | NO_DEVICES)?
        }
        Mount::Processes { .. } => sys::file_system(c"proc", &[], none | NO_DEVICES)?,
        Mount::Terminals { .. } => {
            let options = [("newinstance", ""), ("mode", "0620"), ("ptmxmode", "0666")];
            sys::file_system(c"devpts", &options, none)?
        }
        _ => return Ok(None),
    }))
}

fn place(mount: &Mount, source: Option<OwnedFd>) -> io::Result<()> {
    let target = Path::new(mount.target());
    match (mount, source) {
        (Mount::Link { to, .. }, _) => above(target).and_then(|()| symlink(to, target)),
        (Mount::Folder { mode, .. }, _) => {
            fs::create_dir_all(target)?;
            fs::set_permissions(target, fs::Permissions::from_mode(*mode))
        }
        // These come last.
        (Mount::Cover { .. } | Mount::Seal { .. }, _) => Ok(()),
        (_, Some(source)) => {
            make(target, &source)?;
            attach(source.as_fd(), target)
        }
        (_, None) => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Makes what a mount needs to lie on: a folder, or a file for what is none.
fn make(target: &Path, source: &OwnedFd) -> io::Result<()> {
    if fs::symlink_metadata(target).is_ok() {
        return Ok(());
    }
    above(target)?;
    let mode = rustix::fs::fstat(source)?.st_mode;
    match rustix::fs::FileType::from_raw_mode(mode).is_dir() {
        true => fs::create_dir(target),
        false => fs::File::create_new(target).map(drop),
    }
}

fn above(target: &Path) -> io::Result<()> {
    target.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Mounts on a path in which nothing is a link: parts of the tree were in the guest's hands before.
fn attach(source: BorrowedFd<'_>, target: &Path) -> io::Result<()> {
    let target = open(target)?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(rustix::mount::move_mount(source, c"", &target, c"", flags)?)
}

fn open(target: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let resolve = ResolveFlags::NO_SYMLINKS;
    Ok(rustix::fs::openat2(CWD, target, flags, Mode::empty(), resolve)?)
}

/// Covers what lies at a path, if something does, with nothing.
pub(crate) fn cover(target: &Path) -> io::Result<()> {
    let meta = match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        meta => meta?,
    };
    let options = [("size", "4k"), ("nr_inodes", "2"), ("mode", "0555")];
    let attributes = NO_SET_ID | NO_DEVICES | NO_PROGRAMS;
    if meta.is_dir() {
        let empty = sys::file_system(c"tmpfs", &options, attributes | READ_ONLY)?;
        return attach(empty.as_fd(), target);
    }
    // A file on a file system of its own, which is left behind once the file is mounted elsewhere.
    let empty = sys::file_system(c"tmpfs", &options, attributes)?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::openat(&empty, c"empty", flags, Mode::from_raw_mode(0o444))?;
    let clone = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let file = rustix::mount::open_tree(&empty, c"empty", clone)?;
    sys::set_mount(file.as_fd(), attributes | READ_ONLY)?;
    attach(file.as_fd(), target)
}

/// Takes the right to write away from what lies at or below a path.
pub(crate) fn seal_below(target: &Path) -> io::Result<()> {
    if fs::symlink_metadata(target).is_err() {
        return Ok(());
    }
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let again = rustix::mount::open_tree(CWD, target, flags)?;
    sys::set_mount(again.as_fd(), READ_ONLY | NO_SET_ID | NO_DEVICES | NO_PROGRAMS)?;
    attach(again.as_fd(), target)
}

fn failed(action: &'static str, path: &str, source: io::Error) -> TreeError {
    TreeError {
        action,
        path: path.to_owned(),
        source,
    }
}
