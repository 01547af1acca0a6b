//! A door's process: it has its own part of the boot frame, its socket, and a channel to the first process.

mod desk;
mod egress;
mod supervise;

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::ExitCode;

use bottle_plan::door::Door;
use bottle_wire::door::{FromDoor, ToDoor};
use bottle_wire::frame;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use crate::chain::chain;
use crate::clock::Clock;
use crate::confine::{confine, raise_descriptor_limit, shut_in_door};
use crate::limits::ORDERS;
use egress::Egress;
use supervise::Supervise;

/// Runs a door until the first process says so or is gone: descriptor 0 is its listener, 1 its channel.
#[must_use]
pub fn run(door: Door) -> ExitCode {
    match start(door) {
        Ok(status) => status,
        Err(error) => {
            tracing::error!(%door, %error, "a door cannot start");
            ExitCode::FAILURE
        }
    }
}

fn start(door: Door) -> io::Result<ExitCode> {
    confine()?;
    shut_in_door()?;
    raise_descriptor_limit();
    let (listener, channel) = take_descriptors()?;
    match door {
        Door::Egress => rustix::thread::set_name(c"bottle-egress")?,
        Door::Supervise => rustix::thread::set_name(c"bottle-supervise")?,
        Door::GitGate => return Err(io::Error::other("this build has no such door")),
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(door, listener, channel))
}

async fn serve(door: Door, listener: UnixListener, channel: UnixStream) -> io::Result<ExitCode> {
    let (mut orders, writer) = tokio::net::UnixStream::from_std(channel)?.into_split();
    let (say, to_say) = mpsc::channel(ORDERS);
    let speaker = tokio::spawn(speak(writer, to_say));
    let opened = match (door, frame::read(&mut orders).await) {
        (Door::Egress, Ok(ToDoor::Egress { now, boot })) => {
            let egress = Egress::open(*boot, Clock::set(now), listener, say.clone());
            egress.map(Open::Egress).map_err(|error| chain(&error))
        }
        (Door::Supervise, Ok(ToDoor::Supervise { now })) => {
            let supervise = Supervise::open(Clock::set(now), listener, say.clone());
            supervise.map(Open::Supervise).map_err(|error| chain(&error))
        }
        _ => return Err(io::Error::other("there is no part of a boot frame")),
    };
    let status = match opened {
        Ok(open) => {
            tell(&say, FromDoor::Listening).await;
            follow(&mut orders, &open, &say).await;
            open.drain().await;
            ExitCode::SUCCESS
        }
        Err(reason) => {
            tell(&say, FromDoor::Failed { reason }).await;
            ExitCode::FAILURE
        }
    };
    drop(say);
    speaker.await?;
    Ok(status)
}

/// An open door.
enum Open {
    Egress(Egress),
    Supervise(Supervise),
}

impl Open {
    /// Obeys; returns what is to be answered. An order that is not this door's ends it.
    fn obey(&self, order: ToDoor) -> Result<Option<FromDoor>, ()> {
        match (self, order) {
            (Self::Egress(egress), ToDoor::Reload { plan }) => Ok(Some(match egress.reload(*plan) {
                Ok(()) => FromDoor::Reloaded,
                Err(error) => FromDoor::Refused {
                    reason: chain(&error),
                },
            })),
            (Self::Egress(egress), ToDoor::Hold { held }) => {
                egress.hold(held);
                Ok(None)
            }
            (Self::Supervise(supervise), ToDoor::Answer { call, answer }) => {
                supervise.answered(call, *answer);
                Ok(None)
            }
            (Self::Supervise(supervise), ToDoor::Decided) => {
                supervise.decided();
                Ok(None)
            }
            // The first process itself refuses questions while nothing can be recorded.
            (Self::Supervise(_), ToDoor::Hold { .. }) => Ok(None),
            _ => Err(()),
        }
    }

    async fn drain(self) {
        match self {
            Self::Egress(egress) => egress.drain().await,
            Self::Supervise(supervise) => supervise.drain().await,
        }
    }
}

/// Obeys until the door is to end; a first process that is gone or not understood ends it as well.
async fn follow(orders: &mut OwnedReadHalf, open: &Open, say: &mpsc::Sender<FromDoor>) {
    while let Ok(order) = frame::read(orders).await {
        match open.obey(order) {
            Ok(Some(answer)) => tell(say, answer).await,
            Ok(None) => (),
            Err(()) => return,
        }
    }
}

async fn tell(say: &mpsc::Sender<FromDoor>, message: FromDoor) {
    // Nobody hears only when the first process is gone, which ends this one too.
    let _unheard = say.send(message).await;
}

async fn speak(mut writer: OwnedWriteHalf, mut messages: mpsc::Receiver<FromDoor>) {
    while let Some(message) = messages.recv().await {
        if frame::write(&mut writer, &message).await.is_err() {
            return;
        }
    }
}

/// Takes the descriptors that the first process passed, and leaves nothing in their place.
fn take_descriptors() -> io::Result<(UnixListener, UnixStream)> {
    let listener = UnixListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    let channel = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    let nothing = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(&nothing)?;
    listener.local_addr()?;
    listener.set_nonblocking(true)?;
    channel.set_nonblocking(true)?;
    Ok((listener, channel))
}
