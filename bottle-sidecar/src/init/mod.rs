//! The first process of a sidecar: reads the boot frame, starts each door as a process of its own with only the
//! secrets that it needs, starts it again when it crashes, and is the only writer of the event log.
//!
//! It stays closed until a boot frame comes, also after a restart. Whoever holds its standard input may send one;
//! whoever may enter the control socket's folder may ask and change policies, and sees no secret.

mod boot_input;
mod booted;
mod control;
mod keeper;
mod layout;
mod process;
mod questions;
mod reload;
mod sidecar;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use bottle_wire::boot::BootAnswer;
use bottle_wire::frame;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};

use crate::chain::chain;
use crate::confine::{confine, shut_in_on_host};
use crate::limits::MESSAGES;
use crate::socket::bind_socket;
pub use layout::LayoutError;
use layout::Prepared;
use sidecar::Sidecar;

/// Where a sidecar keeps what.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The folder that the guest sees: door sockets and the relay.
    pub doors: PathBuf,
    /// The control socket, in a folder that only this user may enter and no guest sees.
    pub control: PathBuf,
    /// The folder of the event log, which no guest sees.
    pub events: PathBuf,
    /// The folder of the git gate's mirrors, which no guest sees; without one there is no git gate.
    pub git: Option<PathBuf>,
    /// The relay binary that is copied into the doors folder.
    pub relay: PathBuf,
    /// Whether other files of this user's lie on the same system, from which a sidecar shuts itself out.
    pub on_host: bool,
}

/// Says why there is no sidecar.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("cannot give up privileges")]
    Confine(#[source] io::Error),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("cannot listen for control connections")]
    Control(#[source] io::Error),
    #[error("cannot start")]
    Start(#[source] io::Error),
}

/// Runs until it is told to end; the boot answer goes to standard output.
#[must_use]
pub fn run(layout: &Layout) -> ExitCode {
    match start(layout) {
        Ok(status) => status,
        Err(error) => {
            let reason = chain(&error);
            tracing::error!(%reason, "no sidecar");
            answer(&failed("init", reason));
            ExitCode::FAILURE
        }
    }
}

fn start(layout: &Layout) -> Result<ExitCode, StartError> {
    confine().map_err(StartError::Confine)?;
    let on_host = layout.on_host;
    let layout = layout::prepare(layout)?;
    if on_host {
        let own = [
            Some(&*layout.doors),
            layout.control.parent(),
            Some(&*layout.events),
            layout.git.as_deref(),
        ];
        let own: Vec<_> = own.into_iter().flatten().collect();
        shut_in_on_host(&own, layout.relay()).map_err(StartError::Confine)?;
    }
    let control = bind_socket(&layout.control, 0o600).map_err(StartError::Control)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(StartError::Start)?;
    runtime
        .block_on(serve(layout, control))
        .map_err(StartError::Start)
}

async fn serve(layout: Prepared, control: std::os::unix::net::UnixListener) -> io::Result<ExitCode> {
    let control = UnixListener::from_std(control)?;
    let (sender, messages) = mpsc::channel(MESSAGES);
    let (closing, closed) = watch::channel(false);
    boot_input::read_in_background(sender.clone())?;
    let control = tokio::spawn(control::serve(control, sender.clone(), closed));
    let status = Sidecar::new(layout, sender).run(messages).await?;
    let _nobody_listens = closing.send(true);
    // It bounds itself, and there is nobody left to tell of a panic in it.
    let _ended = control.await;
    Ok(status)
}

fn failed(part: &str, reason: impl Into<String>) -> BootAnswer {
    BootAnswer::Failed {
        part: part.to_owned(),
        reason: reason.into(),
    }
}

/// Writes the answer to the boot frame. Whoever went away does not want it.
fn answer(answer: &BootAnswer) {
    let mut stdout = io::stdout().lock();
    let written = frame::encode(answer)
        .map_err(io::Error::other)
        .and_then(|bytes| stdout.write_all(&bytes))
        .and_then(|()| stdout.flush());
    if let Err(error) = written {
        tracing::warn!(%error, "nobody took the boot answer");
    }
}
