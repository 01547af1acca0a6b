//! The one place where everything that happens to a sidecar meets, one thing after the other.

use std::io;
use std::process::ExitCode;

use bottle_plan::door::Door;
use bottle_wire::boot::{Boot, BootAnswer};
use bottle_wire::control::{ControlAnswer, ControlRequest, Status};
use bottle_wire::door::FromDoor;
use bottle_wire::frame::ReadError;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::booted::{Booted, Change};
use super::control::refused;
use super::layout::Prepared;
use super::{answer, failed};
use crate::chain::chain;
use crate::limits::BOOT_TIME;
use crate::reap::reap;
use crate::socket::remove_socket_if_possible;

/// The version that the sidecar names in its answers.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Something that happened.
#[derive(Debug)]
pub(super) enum Message {
    /// The first byte of a boot frame arrived.
    BootBegan,
    /// The boot frame, or why there will be none.
    Boot(Result<Box<Boot>, ReadError>),
    /// A door said something.
    Door { door: Door, start: u32, said: FromDoor },
    /// A door said its last.
    DoorSilent { door: Door, start: u32 },
    /// The command asks.
    Control {
        request: ControlRequest,
        answer: oneshot::Sender<ControlAnswer>,
    },
}

/// A sidecar: closed until it is booted.
#[derive(Debug)]
pub(super) struct Sidecar {
    layout: Prepared,
    messages: mpsc::Sender<Message>,
    /// When the boot frame that began to arrive must be there.
    boot_by: Option<Instant>,
    booted: Option<Booted>,
    /// Whether the boot frame has been answered.
    answered: bool,
    outcome: Option<ExitCode>,
}

impl Sidecar {
    pub(super) fn new(layout: Prepared, messages: mpsc::Sender<Message>) -> Self {
        Self {
            layout,
            messages,
            boot_by: None,
            booted: None,
            answered: false,
            outcome: None,
        }
    }

    /// Runs until it ends and returns its exit status.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) -> io::Result<ExitCode> {
        let mut children = signal(SignalKind::child())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            if let Some(outcome) = self.outcome {
                self.clean_up();
                return Ok(outcome);
            }
            let deadline = self.deadline();
            tokio::select! {
                Some(message) = messages.recv() => self.take(message),
                _ = children.recv() => self.collect(),
                _ = terminate.recv() => self.end(),
                _ = interrupt.recv() => self.end(),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => self.be_late(),
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::BootBegan => self.boot_by = Some(Instant::now() + BOOT_TIME),
            Message::Boot(Ok(boot)) => self.boot(*boot),
            Message::Boot(Err(error)) => self.fail("init", chain(&error)),
            Message::Door { door, start, said } => {
                let change = self
                    .booted
                    .as_mut()
                    .and_then(|booted| booted.hear(door, start, said));
                self.follow(change);
            }
            Message::DoorSilent { door, start } => {
                if let Some(booted) = &mut self.booted {
                    booted.fell_silent(door, start);
                }
                self.settle();
            }
            Message::Control { request, answer } => self.control(request, answer),
        }
    }

    fn boot(&mut self, boot: Boot) {
        self.boot_by = None;
        match Booted::open(boot, &self.layout, self.messages.clone()) {
            Ok(booted) => self.booted = Some(booted),
            Err(error) => self.fail("init", chain(&error)),
        }
    }

    fn control(&mut self, request: ControlRequest, answer: oneshot::Sender<ControlAnswer>) {
        let answered = match (request, &mut self.booted) {
            (ControlRequest::Status, _) => ControlAnswer::Status(self.status()),
            (ControlRequest::Shutdown, _) => {
                self.end();
                ControlAnswer::Done
            }
            (_, None) => refused("no boot frame has arrived since the sidecar was started"),
            (ControlRequest::Drain { after }, Some(booted)) => booted.drain(after),
            (ControlRequest::Inbox, Some(booted)) => booted.inbox(),
            (ControlRequest::Reload { plan }, Some(booted)) => return booted.reload(*plan, answer),
            (ControlRequest::Answer { id, hash, decision }, Some(booted)) => {
                return booted.answer(id, &hash, decision, answer);
            }
        };
        // Whoever asked may have gone away.
        let _unheard = answer.send(answered);
    }

    fn status(&self) -> Status {
        let booted = self.booted.as_ref();
        Status {
            version: VERSION.to_owned(),
            booted: booted.is_some(),
            doors: booted.map(Booted::doors).unwrap_or_default(),
            events_lost: booted.map(Booted::events_lost).unwrap_or_default(),
        }
    }

    fn collect(&mut self) {
        let booted = &mut self.booted;
        reap(|pid, status| {
            // Others are orphans of doors' children, which end here.
            let _orphan = booted.as_mut().map(|booted| booted.collected(pid, status));
        });
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(change) = self.booted.as_mut().and_then(Booted::settle) {
            self.follow(Some(change));
            if self.outcome.is_some() {
                return;
            }
        }
    }

    fn follow(&mut self, change: Option<Change>) {
        match change {
            Some(Change::AllListen) if !self.answered => {
                self.answered = true;
                tracing::info!("every door listens");
                answer(&BootAnswer::Ready {
                    version: VERSION.to_owned(),
                });
            }
            Some(Change::Crashed { door, how }) if !self.answered => self.fail(door.name(), how),
            Some(Change::Crashed { door, how }) => {
                if let Some(booted) = &mut self.booted {
                    booted.pause(door, how);
                }
            }
            Some(Change::AllEnded) => self.outcome = Some(ExitCode::SUCCESS),
            Some(Change::AllListen) | None => (),
        }
    }

    fn fail(&mut self, part: &str, reason: String) {
        tracing::error!(part, %reason, "the boot failed");
        answer(&failed(part, reason));
        self.outcome = Some(ExitCode::FAILURE);
    }

    fn end(&mut self) {
        // New clients find no door, and those that are there get their time.
        self.layout.remove_door_sockets();
        match &mut self.booted {
            Some(booted) => booted.end(),
            None => self.outcome = Some(ExitCode::SUCCESS),
        }
        self.settle();
    }

    fn be_late(&mut self) {
        let now = Instant::now();
        if self.boot_by.is_some_and(|by| by <= now) {
            let reason = format!("the boot frame did not arrive within {} s", BOOT_TIME.as_secs());
            return self.fail("init", reason);
        }
        if let Some(booted) = &mut self.booted {
            booted.be_late(now);
        }
        self.settle();
    }

    fn deadline(&self) -> Option<Instant> {
        let booted = self.booted.as_ref().and_then(Booted::deadline);
        self.boot_by.into_iter().chain(booted).min()
    }

    /// Removes what would look like a door that is there, and doors that do not end.
    fn clean_up(&self) {
        if let Some(booted) = &self.booted {
            booted.kill();
        }
        self.layout.remove_door_sockets();
        remove_socket_if_possible(&self.layout.control);
    }
}
