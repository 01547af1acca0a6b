//! One door: its socket, which stays, and its process, which may come and go.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

use bottle_plan::door::Door;
use bottle_wire::control::DoorStatus;
use bottle_wire::door::{FromDoor, ToDoor};
use bottle_wire::frame;
use rustix::process::{Pid, WaitStatus};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::process;
use super::sidecar::Message;
use crate::limits::{DRAIN_TIME, END_TIME, FIRST_PAUSE, LONGEST_PAUSE, OPEN_TIME, ORDERS, STEADY};

/// One door.
#[derive(Debug)]
pub(super) struct Keeper {
    door: Door,
    listener: UnixListener,
    /// The only folder that it writes, if it writes any.
    folder: Option<PathBuf>,
    stage: Stage,
    process: Option<Process>,
    /// How often its process was started; the number of the process that is there now.
    starts: u32,
    pause: Duration,
    last_words: Option<String>,
}

/// What a door is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its process was started and does not listen yet.
    Opening { by: Instant },
    /// It serves.
    Listening { since: Instant },
    /// Its process ended, and the next one waits.
    Pausing { until: Instant },
    /// It was told to end.
    Ending { by: Instant },
    /// It has ended, as it was told.
    Ended,
}

#[derive(Debug)]
struct Process {
    pid: Pid,
    orders: mpsc::Sender<ToDoor>,
    /// How it ended, once it has.
    ended: Option<WaitStatus>,
    /// Once it has said its last: when it is killed if it has not ended by then.
    silent: Option<Instant>,
}

impl Keeper {
    /// Takes over a bound socket; nothing is started yet.
    pub(super) fn new(door: Door, listener: UnixListener, folder: Option<PathBuf>) -> Self {
        Self {
            door,
            listener,
            folder,
            stage: Stage::Ended,
            process: None,
            starts: 0,
            pause: FIRST_PAUSE,
            last_words: None,
        }
    }

    /// Returns which door it is.
    pub(super) fn door(&self) -> Door {
        self.door
    }

    /// Returns what it is doing.
    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    /// Returns how it is, for the command.
    pub(super) fn status(&self) -> DoorStatus {
        DoorStatus {
            door: self.door,
            running: self
                .process
                .as_ref()
                .is_some_and(|process| process.ended.is_none()),
            restarts: self.starts.saturating_sub(1),
        }
    }

    /// Starts a process and tells it the first thing.
    pub(super) fn start(&mut self, first: ToDoor, messages: &mpsc::Sender<Message>) -> io::Result<()> {
        self.starts = self.starts.saturating_add(1);
        self.last_words = None;
        let (pid, channel) = process::spawn(self.door, self.folder.as_deref(), &self.listener)?;
        let (reader, writer) = UnixStream::from_std(channel)?.into_split();
        let (orders, to_write) = mpsc::channel(ORDERS);
        // There is room for the first of several.
        let _room = orders.try_send(first);
        tokio::spawn(write_orders(writer, to_write));
        tokio::spawn(hear(reader, (self.door, self.starts), messages.clone()));
        self.process = Some(Process {
            pid,
            orders,
            ended: None,
            silent: None,
        });
        self.stage = Stage::Opening {
            by: Instant::now() + OPEN_TIME,
        };
        Ok(())
    }

    /// Tells whether a message is from the process that is there now.
    pub(super) fn is_current(&self, start: u32) -> bool {
        self.starts == start
    }

    /// Notes that it listens.
    pub(super) fn listens(&mut self) {
        if matches!(self.stage, Stage::Opening { .. }) {
            let since = Instant::now();
            self.stage = Stage::Listening { since };
        }
    }

    /// Notes why it cannot go on.
    pub(super) fn said_last(&mut self, reason: String) {
        self.last_words = Some(reason);
    }

    /// Tells it something; one that does not listen to it is killed.
    pub(super) fn tell(&self, order: ToDoor) {
        if let Some(process) = &self.process
            && process.orders.try_send(order).is_err()
        {
            process::kill(process.pid);
        }
    }

    /// Tells it to end within its time.
    pub(super) fn end(&mut self) {
        match &self.process {
            Some(_) => {
                self.tell(ToDoor::Drain);
                let by = Instant::now() + DRAIN_TIME + END_TIME;
                self.stage = Stage::Ending { by };
            }
            None => self.stage = Stage::Ended,
        }
    }

    /// Kills its process, if there is one.
    pub(super) fn kill(&self) {
        if let Some(process) = self.process.as_ref().filter(|process| process.ended.is_none()) {
            process::kill(process.pid);
        }
    }

    /// Notes that a process ended; tells whether it was this door's.
    pub(super) fn collected(&mut self, pid: Pid, status: WaitStatus) -> bool {
        match self.process.as_mut().filter(|process| process.pid == pid) {
            Some(process) => {
                process.ended = Some(status);
                true
            }
            None => false,
        }
    }

    /// Notes that its channel is closed: a process without one can only end.
    pub(super) fn fell_silent(&mut self) {
        if let Some(process) = &mut self.process {
            process.silent = Some(Instant::now() + END_TIME);
        }
    }

    /// Once its process has ended and been heard out, says how, and forgets it.
    pub(super) fn take_end(&mut self) -> Option<String> {
        let process = self.process.as_ref().filter(|process| process.silent.is_some())?;
        let how = process::how(process.ended?);
        self.process = None;
        Some(self.last_words.take().unwrap_or(how))
    }

    /// After a crash, sets when the next process is to start; the pause grows while crashes follow each other.
    pub(super) fn pause(&mut self) -> Duration {
        let steady = matches!(self.stage, Stage::Listening { since } if since.elapsed() >= STEADY);
        let pause = if steady { FIRST_PAUSE } else { self.pause };
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        let until = Instant::now() + pause;
        self.stage = Stage::Pausing { until };
        pause
    }

    /// Notes that it ended as it was told.
    pub(super) fn ended(&mut self) {
        self.stage = Stage::Ended;
    }

    /// Does what is due by now, and tells whether it is to be started again.
    pub(super) fn is_to_start(&mut self, now: Instant) -> bool {
        if let Some(process) = &mut self.process
            && process.silent.is_some_and(|by| by <= now)
        {
            process.silent = Some(now + END_TIME);
            self.kill();
        }
        match self.stage {
            Stage::Opening { by } if by <= now => {
                self.said_last(format!("did not listen within {} s", OPEN_TIME.as_secs()));
                self.kill();
                // Killed, it ends by itself; this only keeps the deadline ahead.
                self.stage = Stage::Opening { by: now + END_TIME };
            }
            Stage::Ending { by } if by <= now => {
                self.kill();
                self.ended();
            }
            Stage::Pausing { until } => return until <= now,
            _ => (),
        }
        false
    }

    /// Returns when something must happen although nobody said anything.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let process = self.process.as_ref().filter(|process| process.ended.is_none());
        let silent = process.and_then(|process| process.silent);
        let stage = match self.stage {
            Stage::Opening { by } | Stage::Ending { by } | Stage::Pausing { until: by } => Some(by),
            Stage::Listening { .. } | Stage::Ended => None,
        };
        silent.into_iter().chain(stage).min()
    }
}

async fn write_orders(mut writer: OwnedWriteHalf, mut orders: mpsc::Receiver<ToDoor>) {
    while let Some(order) = orders.recv().await {
        // A door that is gone is noticed by its silence.
        if frame::write(&mut writer, &order).await.is_err() {
            return;
        }
    }
}

async fn hear(mut reader: OwnedReadHalf, (door, start): (Door, u32), messages: mpsc::Sender<Message>) {
    while let Ok(said) = frame::read::<_, FromDoor>(&mut reader).await {
        let message = Message::Door { door, start, said };
        if messages.send(message).await.is_err() {
            return;
        }
    }
    let _ending = messages.send(Message::DoorSilent { door, start }).await;
}
