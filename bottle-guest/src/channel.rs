//! The host's end of a running guest: one connection per command.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use crate::passing::{receive, send};
use crate::spec::Request;

/// The socket in a guest's folder.
pub const SOCKET: &str = "commands.sock";
/// How long a guest may take to begin with what it is asked.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a guest answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    /// It has begun; the streams come along.
    Started,
    /// It could not begin.
    Failed {
        /// Why.
        reason: String,
    },
    /// It has ended.
    Ended {
        /// Its exit status, 128 and the signal's number after a signal.
        status: i32,
    },
}

/// Says why a guest did not begin with something.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// Nobody is there.
    #[error("the guest does not run")]
    NotRunning(#[source] io::Error),
    /// It went away meanwhile.
    #[error("the guest went away")]
    Broken(#[source] io::Error),
    /// It could not.
    #[error("the guest could not: {0}")]
    Refused(String),
}

/// A way into a running guest.
#[derive(Debug, Clone)]
pub struct Channel {
    folder: std::path::PathBuf,
}

/// Something that a guest has begun.
#[derive(Debug)]
pub struct Running {
    /// Brings the last [`Reply`] as a frame; the guest may end what it does when this is dropped.
    pub end: UnixStream,
    /// The caller's ends of its streams.
    pub streams: Streams,
}

/// The caller's ends of something's streams.
#[derive(Debug)]
pub enum Streams {
    /// Standard input, output and errors.
    Pipes {
        /// What it reads.
        input: OwnedFd,
        /// What it writes.
        output: OwnedFd,
        /// What it complains.
        errors: OwnedFd,
    },
    /// The one side of its terminal, or the one pipe of a copy.
    One(OwnedFd),
}

impl Channel {
    /// Names a guest by its folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Asks for something and waits, within half a minute, until it has begun.
    ///
    /// # Errors
    ///
    /// When there is no such guest, or it cannot.
    pub fn ask(&self, request: &Request) -> Result<Running, ChannelError> {
        let stream = connect(&self.folder.join(SOCKET)).map_err(ChannelError::NotRunning)?;
        let begun = begin(&stream, request).map_err(ChannelError::Broken)?;
        match begun {
            (Reply::Started, files) => Ok(Running {
                end: stream,
                streams: Streams::of(files)
                    .ok_or_else(|| ChannelError::Broken(io::ErrorKind::InvalidData.into()))?,
            }),
            (Reply::Failed { reason }, _) => Err(ChannelError::Refused(reason)),
            (Reply::Ended { status }, _) => Err(ChannelError::Refused(format!("it ended with {status}"))),
        }
    }
}

impl Channel {
    /// Ends every process of the guest but those that run it.
    ///
    /// # Errors
    ///
    /// When there is no such guest, or something in it may still run.
    pub fn halt(&self) -> Result<(), ChannelError> {
        let stream = connect(&self.folder.join(SOCKET)).map_err(ChannelError::NotRunning)?;
        match begin(&stream, &Request::Halt).map_err(ChannelError::Broken)? {
            (Reply::Ended { status: 0 }, _) => Ok(()),
            _ => Err(ChannelError::Refused("something in it may still run".to_owned())),
        }
    }
}

fn begin(stream: &UnixStream, request: &Request) -> io::Result<(Reply, Vec<OwnedFd>)> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    send(stream, request, &[])?;
    let begun = receive(stream)?;
    stream.set_read_timeout(None)?;
    Ok(begun)
}

impl Streams {
    fn of(files: Vec<OwnedFd>) -> Option<Self> {
        let mut files = files.into_iter();
        match (files.next(), files.next(), files.next()) {
            (Some(input), Some(output), Some(errors)) => Some(Self::Pipes {
                input,
                output,
                errors,
            }),
            (Some(one), None, None) => Some(Self::One(one)),
            _ => None,
        }
    }
}

/// Connects to a socket however long the path of its folder is: addresses hold only 107 bytes.
fn connect(socket: &Path) -> io::Result<UnixStream> {
    through_folder(socket, |short| UnixStream::connect(short))
}

/// Gives a short path of a socket, however long its folder's is, to whoever has to put it into an address.
///
/// # Errors
///
/// When there is no such folder, and what `with` says.
pub fn through_folder<T>(socket: &Path, with: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    use std::os::fd::AsRawFd;
    let (folder, name) = socket
        .parent()
        .zip(socket.file_name())
        .ok_or(io::ErrorKind::InvalidInput)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, flags, Mode::empty())?;
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
    with(&short.join(name))
}
