//! A door's process: it has its own part of the boot frame, its socket, and a channel to the first process.

mod desk;
mod egress;
mod git_gate;
mod supervise;

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::ExitCode;

use bottle_plan::door::Door;
use bottle_wire::door::{FromDoor, ToDoor};
use bottle_wire::event::Event;
use bottle_wire::frame;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use crate::chain::chain;
use crate::clock::Clock;
use crate::confine::{confine, raise_descriptor_limit, shut_in_door};
use crate::limits::ORDERS;
use egress::Egress;
use git_gate::GitGate;
use supervise::Supervise;

/// Runs a door until the first process says so or is gone: descriptor 0 is its listener, 1 its channel. The git gate
/// also has a folder of its own.
#[must_use]
pub fn run(door: Door, folder: Option<&Path>) -> ExitCode {
    match start(door, folder) {
        Ok(status) => status,
        Err(error) => {
            tracing::error!(%door, %error, "a door cannot start");
            ExitCode::FAILURE
        }
    }
}

fn start(door: Door, folder: Option<&Path>) -> io::Result<ExitCode> {
    confine()?;
    match (door, folder) {
        (Door::GitGate, Some(folder)) => git_gate::shut_in(folder)?,
        (Door::GitGate, None) => return Err(io::Error::other("there is no folder for mirrors")),
        (Door::Egress | Door::Supervise, _) => shut_in_door()?,
    }
    raise_descriptor_limit();
    let (listener, channel) = take_descriptors()?;
    rustix::thread::set_name(match door {
        Door::Egress => c"bottle-egress",
        Door::GitGate => c"bottle-git-gate",
        Door::Supervise => c"bottle-supervise",
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(door, folder, listener, channel))
}

async fn serve(
    door: Door,
    folder: Option<&Path>,
    listener: UnixListener,
    channel: UnixStream,
) -> io::Result<ExitCode> {
    let (mut orders, writer) = tokio::net::UnixStream::from_std(channel)?.into_split();
    let (say, to_say) = mpsc::channel(ORDERS);
    let speaker = tokio::spawn(speak(writer, to_say));
    let opened = match (door, folder, frame::read(&mut orders).await) {
        (Door::Egress, _, Ok(ToDoor::Egress { now, boot })) => {
            let egress = Egress::open(*boot, Clock::set(now), listener, say.clone());
            egress.map(Open::Egress).map_err(|error| chain(&error))
        }
        (Door::GitGate, Some(folder), Ok(ToDoor::GitGate { now, boot })) => {
            let gate = GitGate::open(*boot, folder, Clock::set(now), listener, say.clone()).await;
            gate.map(Open::GitGate).map_err(|error| chain(&error))
        }
        (Door::Supervise, _, Ok(ToDoor::Supervise { now })) => {
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
    GitGate(GitGate),
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
            (Self::GitGate(gate), ToDoor::Hold { held }) => {
                gate.hold(held);
                Ok(None)
            }
            (Self::GitGate(gate), ToDoor::Answer { call, answer }) => {
                gate.answered(call, *answer);
                Ok(None)
            }
            // A push that is held does not wait: it asks again when it is pushed again.
            (Self::GitGate(_), ToDoor::Decided) => Ok(None),
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
            Self::GitGate(gate) => gate.drain().await,
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

/// Waits for room: events that nobody takes make a server refuse, which is what it should do then.
async fn forward(mut events: mpsc::Receiver<Event>, say: mpsc::Sender<FromDoor>) {
    while let Some(event) = events.recv().await {
        if say.send(FromDoor::Event(event)).await.is_err() {
            return;
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
