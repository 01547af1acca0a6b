//! A door's process: it has its own part of the boot frame, its socket, and a channel to the first process.

mod egress;

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
    if door != Door::Egress {
        return Err(io::Error::other("this build has no such door"));
    }
    rustix::thread::set_name(c"bottle-egress")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(listener, channel))
}

async fn serve(listener: UnixListener, channel: UnixStream) -> io::Result<ExitCode> {
    let (mut orders, writer) = tokio::net::UnixStream::from_std(channel)?.into_split();
    let (say, to_say) = mpsc::channel(ORDERS);
    let speaker = tokio::spawn(speak(writer, to_say));
    let opened = match frame::read(&mut orders).await {
        Ok(ToDoor::Egress { now, boot }) => Egress::open(*boot, Clock::set(now), listener, say.clone()),
        _ => return Err(io::Error::other("there is no part of a boot frame")),
    };
    let status = match opened {
        Ok(egress) => {
            tell(&say, FromDoor::Listening).await;
            follow(&mut orders, &egress, &say).await;
            egress.drain().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            let reason = chain(&error);
            tell(&say, FromDoor::Failed { reason }).await;
            ExitCode::FAILURE
        }
    };
    drop(say);
    speaker.await?;
    Ok(status)
}

/// Obeys until the door is to end; a first process that is gone or not understood ends it as well.
async fn follow(orders: &mut OwnedReadHalf, egress: &Egress, say: &mpsc::Sender<FromDoor>) {
    loop {
        let answer = match frame::read(orders).await {
            Ok(ToDoor::Reload { plan }) => egress.reload(*plan),
            Ok(ToDoor::Hold { held }) => {
                egress.hold(held);
                continue;
            }
            Ok(ToDoor::Egress { .. } | ToDoor::Drain) | Err(_) => return,
        };
        let answer = match answer {
            Ok(()) => FromDoor::Reloaded,
            Err(error) => FromDoor::Refused {
                reason: chain(&error),
            },
        };
        tell(say, answer).await;
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
