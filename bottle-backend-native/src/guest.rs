//! A way into a bottle's guest, whether it runs or its files alone are there.

use std::io;

use bottle_backend::BoxError;
use bottle_guest::{Channel, ChannelError, GuestSpec, Reply, Request, Running};
use bottle_host::{Folder, Keeper};
use bottle_wire::frame;
use tokio::net::UnixStream;

use crate::record::GuestRecord;

/// A way into a guest. A guest that was started for it ends with it.
pub(crate) struct Entrance {
    channel: Channel,
    _keeper: Option<Keeper>,
}

impl Entrance {
    /// Finds the guest of a folder; one that was preserved is started for as long as this is held, without doors.
    pub(crate) async fn find(folder: &Folder<GuestRecord>, guest: &GuestRecord) -> io::Result<Self> {
        let keeper = match folder.is_kept()? {
            true => None,
            false => Some(without_doors(folder, guest).await?),
        };
        Ok(Self {
            channel: Channel::new(folder.path()),
            _keeper: keeper,
        })
    }

    /// Enters a guest that runs for certain.
    pub(crate) fn running(folder: &Folder<GuestRecord>) -> Self {
        Self {
            channel: Channel::new(folder.path()),
            _keeper: None,
        }
    }

    /// Asks for something; returns what it has begun, and where its end is told.
    pub(crate) async fn ask(&self, request: Request) -> Result<(bottle_guest::Streams, End), ChannelError> {
        ask(&self.channel, request).await
    }
}

/// Starts the guest of a folder with nothing that could lead out of it.
pub(crate) async fn without_doors(folder: &Folder<GuestRecord>, guest: &GuestRecord) -> io::Result<Keeper> {
    let program = guest.spec.sidecar.as_ref().map(|sidecar| sidecar.program.clone());
    let program = program.ok_or(io::ErrorKind::NotFound)?;
    let spec = GuestSpec {
        relay: None,
        sidecar: None,
        ..guest.spec.clone()
    };
    Keeper::start(&program, spec, &folder.log(), Vec::new()).await
}

/// The exit status of what a signal that cannot be held off has ended.
const KILLED: i32 = 128 + 9;

/// Ends every process of a running guest but those that run it.
pub(crate) async fn halt(channel: &Channel) -> Result<(), BoxError> {
    let channel = channel.clone();
    let halted = tokio::task::spawn_blocking(move || channel.halt()).await;
    Ok(halted??)
}

/// Where a guest tells how something ended.
#[derive(Debug)]
pub(crate) struct End(UnixStream);

/// Asks a running guest for something.
pub(crate) async fn ask(
    channel: &Channel,
    request: Request,
) -> Result<(bottle_guest::Streams, End), ChannelError> {
    let channel = channel.clone();
    let asked = tokio::task::spawn_blocking(move || channel.ask(&request)).await;
    let Running { end, streams } = asked.map_err(|error| ChannelError::Broken(io::Error::other(error)))??;
    let end = end.set_nonblocking(true).and_then(|()| UnixStream::from_std(end));
    Ok((streams, End(end.map_err(ChannelError::Broken)?)))
}

impl End {
    /// Waits for the exit status.
    pub(crate) async fn status(&mut self) -> Result<i32, BoxError> {
        match frame::read(&mut self.0).await {
            Ok(Reply::Ended { status }) => Ok(status),
            Ok(Reply::Started | Reply::Failed { .. }) => Err("the guest gave another answer".into()),
            // Whoever would tell was killed, and what it looked after with it.
            Err(frame::ReadError::Closed) => Ok(KILLED),
            Err(error) => Err(error.into()),
        }
    }

    /// Has what runs ended, with all that it started, and waits until it is.
    pub(crate) async fn end(mut self) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        // Whatever is said now, the end of the connection is what counts.
        let _closed = self.0.shutdown().await;
        let _said = self.0.read_to_end(&mut Vec::new()).await;
    }
}
