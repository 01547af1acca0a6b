//! Files of a guest's as streams of tar, read and written by this program's own code inside of it.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Component, Path, PathBuf};

use rustix::thread::CapabilitySet;

use crate::channel::Reply;
use crate::first::Guest;
use crate::passing::send;
use crate::program::{become_user, one_pipe};
use crate::spec::Who;
use crate::sys;

/// What reads and writes the files of all of a guest's users, and nothing of the host's.
const FILES: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::FOWNER);
/// The most parts of a path below what is packed; a deeper folder is none.
const DEEPEST: usize = 256;

/// Writes a tar and ends this process.
pub(crate) fn pack(guest: &Guest, path: &str, caller: &UnixStream) -> ! {
    let path = Path::new(path);
    let there = become_user(guest, Who::Root, FILES).and_then(|()| fs::symlink_metadata(path).map(drop));
    let to = begin(there, true, caller);
    finish(&write_tar(path, to))
}

/// Reads a tar and ends this process.
pub(crate) fn unpack(guest: &Guest, who: Who, caller: &UnixStream) -> ! {
    let kept = match who {
        Who::Root => FILES,
        Who::Agent => CapabilitySet::empty(),
    };
    let from = begin(become_user(guest, who, kept), false, caller);
    finish(&read_tar(from))
}

/// Hands the caller its end of a pipe, or says why there is none.
fn begin(ready: io::Result<()>, outward: bool, caller: &UnixStream) -> File {
    let piped = ready.and_then(|()| one_pipe(outward));
    let sent = piped.and_then(|(ours, theirs): (File, OwnedFd)| {
        send(caller, &Reply::Started, &[theirs.as_fd()])?;
        Ok(ours)
    });
    sent.unwrap_or_else(|error| {
        let reason = error.to_string();
        // The caller may have gone away.
        let _unheard = send(caller, &Reply::Failed { reason }, &[]);
        sys::exit(1)
    })
}

fn finish(done: &io::Result<()>) -> ! {
    sys::exit(i32::from(done.is_err()))
}

/// Writes a file or folder as a tar whose first entry is that. What cannot be copied is named as a pipe.
///
/// # Errors
///
/// When there is no such path, or what the system says.
pub fn write_tar(path: &Path, to: impl Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(io::BufWriter::with_capacity(128 << 10, to));
    let name = path
        .file_name()
        .map_or_else(|| PathBuf::from("root"), PathBuf::from);
    append(&mut tar, path, &name, 0)?;
    tar.into_inner()?.flush()
}

/// Appends what a path itself stands for. What cannot be copied is named as a pipe, which no reader makes.
fn append<W: Write>(tar: &mut tar::Builder<W>, path: &Path, name: &Path, depth: usize) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    let mut header = tar::Header::new_gnu();
    header.set_mode(meta.mode() & 0o7777);
    header.set_uid(u64::from(meta.uid()));
    header.set_gid(u64::from(meta.gid()));
    header.set_mtime(u64::try_from(meta.mtime()).unwrap_or_default());
    header.set_size(0);
    let kind = meta.file_type();
    if kind.is_dir() && depth < DEEPEST {
        header.set_entry_type(tar::EntryType::Directory);
        tar.append_data(&mut header, name, io::empty())?;
        return append_all(tar, path, name, depth + 1);
    }
    if kind.is_symlink() {
        header.set_entry_type(tar::EntryType::Symlink);
        return tar.append_link(&mut header, name, fs::read_link(path)?);
    }
    if kind.is_file() {
        // It may be something else by now, and opening that must not wait.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let size = file.metadata()?.len();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size);
        // A file that shrinks meanwhile would shift all that follows.
        return tar.append_data(&mut header, name, file.take(size).chain(io::repeat(0)).take(size));
    }
    let device = kind.is_char_device() || kind.is_block_device();
    header.set_entry_type(if device {
        tar::EntryType::Char
    } else {
        tar::EntryType::Fifo
    });
    tar.append_data(&mut header, name, io::empty())
}

fn append_all<W: Write>(tar: &mut tar::Builder<W>, path: &Path, name: &Path, depth: usize) -> io::Result<()> {
    let mut names = fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for entry in names {
        match append(tar, &path.join(&entry), &name.join(&entry), depth) {
            // Whatever runs in the guest may take files away meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

/// Writes what a tar holds below the root of the file system, as this process may.
///
/// # Errors
///
/// What the system says, or that the tar names what no copy does.
pub fn read_tar(from: impl Read) -> io::Result<()> {
    let mut archive = tar::Archive::new(io::BufReader::with_capacity(128 << 10, from));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = below_root(&entry.path()?)?;
        let mode = entry.header().mode()? & 0o777;
        match entry.header().entry_type() {
            tar::EntryType::Directory => make_folder(&path, mode)?,
            tar::EntryType::Regular => make_file(&path, mode, &mut entry)?,
            tar::EntryType::Symlink => {
                let target = entry.link_name()?.ok_or(io::ErrorKind::InvalidData)?.into_owned();
                clear(&path)?;
                symlink(target, &path)?;
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    // The end of a tar is padded, and who writes it should not find the pipe closed.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map(drop)
}

fn below_root(path: &Path) -> io::Result<PathBuf> {
    let mut whole = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) if !name.as_bytes().contains(&0) => whole.push(name),
            Component::CurDir => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Ok(whole)
}

fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    if !path.is_dir() {
        clear(path)?;
        fs::create_dir(path)?;
    }
    match fs::set_permissions(path, Permissions::from_mode(mode)) {
        // A folder that was there before may be somebody else's.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

fn make_file(path: &Path, mode: u32, content: &mut impl Read) -> io::Result<()> {
    clear(path)?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    io::copy(content, &mut file)?;
    file.set_permissions(Permissions::from_mode(mode))
}

/// Makes the folders above a path and takes away what lies there, unless that is a folder.
fn clear(path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
