//! A way into a bottle's guest, whether it runs or its files alone are there.

use std::io;

use async_trait::async_trait;
use bottle_backend::{BoxError, CopyOwner};
use bottle_guest::{Channel, ChannelError, GuestSpec, Reply, Request, Streams, Who};
use bottle_host::{Folder, Keeper, Running, TarStream, Tars};
use bottle_plan::paths::GuestPath;
use bottle_wire::frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

    async fn tar(&self, request: Request) -> Result<TarStream, BoxError> {
        let (streams, mut end) = ask(&self.channel, request).await?;
        match streams {
            Streams::One(pipe) => Ok(TarStream {
                pipe,
                end: Box::pin(async move { end.status().await }),
            }),
            Streams::Pipes { .. } => Err("the guest gave other streams".into()),
        }
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
pub(crate) async fn ask(channel: &Channel, request: Request) -> Result<(Streams, End), ChannelError> {
    let channel = channel.clone();
    let asked = tokio::task::spawn_blocking(move || channel.ask(&request)).await;
    let bottle_guest::Running { end, streams } =
        asked.map_err(|error| ChannelError::Broken(io::Error::other(error)))??;
    let end = end.set_nonblocking(true).and_then(|()| UnixStream::from_std(end));
    Ok((streams, End(end.map_err(ChannelError::Broken)?)))
}

#[async_trait]
impl Running for End {
    async fn status(&mut self) -> Result<i32, BoxError> {
        match frame::read(&mut self.0).await {
            Ok(Reply::Ended { status }) => Ok(status),
            Ok(Reply::Started | Reply::Failed { .. }) => Err("the guest gave another answer".into()),
            // Whoever would tell was killed, and what it looked after with it.
            Err(frame::ReadError::Closed) => Ok(KILLED),
            Err(error) => Err(error.into()),
        }
    }

    async fn end(&mut self) {
        // Whatever is said now, the end of the connection is what counts.
        let _closed = self.0.shutdown().await;
        let _said = self.0.read_to_end(&mut Vec::new()).await;
    }
}

#[async_trait]
impl Tars for Entrance {
    async fn unpack(&self, owner: CopyOwner) -> Result<TarStream, BoxError> {
        let who = match owner {
            CopyOwner::Root => Who::Root,
            CopyOwner::Agent => Who::Agent,
        };
        self.tar(Request::Unpack { who }).await
    }

    async fn pack(&self, path: &GuestPath) -> Result<TarStream, BoxError> {
        let path = path.to_string();
        self.tar(Request::Pack { path }).await
    }
}
