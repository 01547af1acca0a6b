//! Reading a user's file with care.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, open, openat, statat};
use rustix::io::Errno;
use thiserror::Error;

use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// The most bytes a file that people write may have: 1 MiB.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// Why a file could not become a [`Source`].
#[derive(Debug, Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot read {path}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory, device, socket or pipe.
    #[error("{path} is not a regular file", path = .path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// A symbolic link stood where none is followed.
    #[error("{path} is, or lies behind, a symbolic link", path = .path.display())]
    Link {
        /// The file.
        path: PathBuf,
    },
    /// More than [`MAX_FILE_BYTES`].
    #[error("{path} is larger than 1 MiB", path = .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Bytes that are no UTF-8.
    #[error("{path} is not UTF-8 (line {line})", path = .path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first wrong byte, from 1.
        line: usize,
    },
}

impl Source {
    /// Reads a trusted user's file, following links; the name of the source is the path.
    ///
    /// # Errors
    /// [`ReadError`] for anything but a regular file of at most [`MAX_FILE_BYTES`] that holds UTF-8.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        // Non-blocking, so that a named pipe is told apart instead of waited for.
        let opened = open(path, FLAGS, Mode::empty());
        read_opened(path, opened.map(File::from).map_err(io::Error::from))
    }

    /// Reads a file of a tree that somebody hostile may have written: below `root` no link is followed, neither
    /// at the end nor on the way, so that the file cannot be one from elsewhere.
    ///
    /// # Errors
    /// [`ReadError`], as for [`Source::read`], and for a link.
    pub fn read_beneath(root: &Path, relative: &[&str]) -> Result<Self, ReadError> {
        let path = relative
            .iter()
            .fold(root.to_owned(), |path, part| path.join(part));
        read_opened(&path, open_beneath(root, relative))
    }
}

impl ReadError {
    /// The file that was asked for.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::NotRegular { path }
            | Self::Link { path }
            | Self::TooLarge { path }
            | Self::NotUtf8 { path, .. } => path,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { .. } => None,
            Self::NotRegular { .. } => Some("only regular files are read"),
            Self::Link { .. } => Some("put a copy of the file there"),
            Self::TooLarge { .. } => Some("a file that people write stays below 1 MiB"),
            Self::NotUtf8 { .. } => Some("save the file as UTF-8"),
        }
    }
}

impl From<ReadError> for Diagnostic {
    fn from(error: ReadError) -> Self {
        let message = match &error {
            ReadError::Io { source, .. } => format!("cannot read this file: {source}"),
            ReadError::NotRegular { .. } => "this is not a regular file".to_owned(),
            ReadError::Link { .. } => "this is, or lies behind, a symbolic link".to_owned(),
            ReadError::TooLarge { .. } => "this file is larger than 1 MiB".to_owned(),
            ReadError::NotUtf8 { line, .. } => format!("line {line} is not UTF-8"),
        };
        let diagnostic =
            Diagnostic::error("unreadable-file", message).in_file(error.path().display().to_string());
        error.hint().into_iter().fold(diagnostic, Diagnostic::help)
    }
}

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

fn open_beneath(root: &Path, relative: &[&str]) -> io::Result<File> {
    let mut directory = open(root, FLAGS | OFlags::DIRECTORY, Mode::empty())?;
    let Some((name, parents)) = relative.split_last() else {
        return Ok(File::from(directory));
    };
    for parent in parents {
        let flags = FLAGS | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        directory = openat(directory.as_fd(), one_part(parent)?, flags, Mode::empty())
            .map_err(|errno| explain_link(&directory, parent, errno))?;
    }
    Ok(File::from(openat(
        directory.as_fd(),
        one_part(name)?,
        FLAGS | OFlags::NOFOLLOW,
        Mode::empty(),
    )?))
}

/// Linux answers a link where a directory is wanted with "not a directory"; this tells the link.
fn explain_link(directory: impl AsFd, name: &str, errno: Errno) -> Errno {
    let found = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
    let is_link = found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink);
    if is_link { Errno::LOOP } else { errno }
}

/// A name that is one step down and nothing else.
fn one_part(part: &str) -> io::Result<&str> {
    let is_step = !part.is_empty() && part != "." && part != ".." && !part.contains('/');
    is_step
        .then_some(part)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}

fn read_opened(path: &Path, opened: io::Result<File>) -> Result<Source, ReadError> {
    let path = path.to_owned();
    let bytes = match opened.and_then(read_regular) {
        Ok(Regular::Bytes(bytes)) => bytes,
        Ok(Regular::No) => return Err(ReadError::NotRegular { path }),
        Ok(Regular::TooLarge) => return Err(ReadError::TooLarge { path }),
        // What `O_NOFOLLOW` answers to a link at the end.
        Err(source) if source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return Err(ReadError::Link { path });
        }
        Err(source) => return Err(ReadError::Io { path, source }),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(path.display().to_string(), text)),
        Err(error) => {
            let valid = error
                .as_bytes()
                .get(..error.utf8_error().valid_up_to())
                .unwrap_or_default();
            let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(ReadError::NotUtf8 { path, line })
        }
    }
}

enum Regular {
    Bytes(Vec<u8>),
    TooLarge,
    No,
}

fn read_regular(file: File) -> io::Result<Regular> {
    if !file.metadata()?.is_file() {
        return Ok(Regular::No);
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large, whatever its metadata says.
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > MAX_FILE_BYTES {
        Regular::TooLarge
    } else {
        Regular::Bytes(bytes)
    })
}

#[cfg(test)]
mod tests;
