//! A sidecar that has its boot frame: doors, the log, the policy in force, and the questions about it.

mod asking;
mod changes;

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bottle_plan::door::Door;
use bottle_plan::egress::EgressPlan;
use bottle_wire::boot::{Boot, EgressBoot};
use bottle_wire::control::{ControlAnswer, DoorStatus};
use bottle_wire::door::{FromDoor, ToDoor};
use bottle_wire::event::{Event, What};
use bottle_wire::git_gate::GitGateBoot;
use bottle_wire::supervise::QuestionId;
use rustix::process::{Pid, WaitStatus};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::control::refused;
use super::keeper::{Keeper, Stage};
use super::layout::Prepared;
use super::questions::{Questions, Seen};
use super::reload::{self, Purpose, Reload};
use super::sidecar::Message;
use crate::clock::Clock;
use crate::log::{EventLog, OpenError};
use crate::socket::bind_socket;

/// A sidecar with open, or opening, doors.
#[derive(Debug)]
pub(super) struct Booted {
    /// Its policy is the one in force: the bottle's own, and what was granted on top.
    egress: EgressBoot,
    own: EgressPlan,
    git_gate: Option<GitGateBoot>,
    clock: Clock,
    log: EventLog,
    questions: Questions,
    /// What was approved before this start, and is in force once egress listens.
    restored: Vec<QuestionId>,
    keepers: Vec<Keeper>,
    reload: Option<Reload>,
    changes: VecDeque<Purpose>,
    /// Whether the doors were told to refuse, because the log is full.
    held: bool,
    ending: bool,
    messages: mpsc::Sender<Message>,
}

/// What a message or an end changed for the sidecar as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Every door listens.
    AllListen,
    /// A door ended by itself.
    Crashed { door: Door, how: String },
    /// Every door ended, as it was told.
    AllEnded,
}

/// Says why the doors cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum BootError {
    #[error("the policy cannot be used: {0}")]
    Policy(String),
    #[error(transparent)]
    Log(#[from] OpenError),
    #[error("cannot read the questions of the bottle")]
    Questions(#[source] io::Error),
    #[error("cannot copy the relay into the doors folder")]
    Relay(#[source] io::Error),
    #[error("cannot bind the socket of {door}")]
    Bind {
        door: Door,
        #[source]
        source: io::Error,
    },
    #[error("there is no folder for the git gate's mirrors")]
    NoGitFolder,
    #[error("cannot start {door}")]
    Start {
        door: Door,
        #[source]
        source: io::Error,
    },
}

impl Booted {
    /// Opens the log, puts the relay into its place and starts every door.
    pub(super) fn open(
        boot: Boot,
        layout: &Prepared,
        messages: mpsc::Sender<Message>,
    ) -> Result<Self, BootError> {
        let clock = Clock::set(boot.now.saturating_mul(1000));
        if let Some(reason) = reload::refusal(&boot.egress.plan, &boot.egress) {
            return Err(BootError::Policy(reason));
        }
        if boot.git_gate.is_some() && layout.git.is_none() {
            return Err(BootError::NoGitFolder);
        }
        let log = EventLog::open(&layout.events, boot.chain_key.0)?;
        layout.copy_relay().map_err(BootError::Relay)?;
        let mut questions = Questions::open(&layout.events, boot.identity).map_err(BootError::Questions)?;
        let over = questions.queue.expire(clock.now());
        let (table, _) = questions.table(&boot.egress.plan);
        let own = boot.egress.plan;
        let mut keepers = Vec::new();
        for door in Door::ALL {
            let (is_wanted, folder) = match door {
                Door::Egress => (true, None),
                Door::GitGate => (boot.git_gate.is_some(), layout.git.clone()),
                Door::Supervise => (boot.supervise, None),
            };
            if is_wanted {
                let listener = bind_socket(&layout.socket(door), 0o666);
                let listener = listener.map_err(|source| BootError::Bind { door, source })?;
                keepers.push(Keeper::new(door, listener, folder));
            }
        }
        let mut booted = Self {
            egress: EgressBoot {
                plan: table,
                ..boot.egress
            },
            own,
            git_gate: boot.git_gate,
            clock,
            log,
            restored: questions.queue.unapplied(),
            questions,
            keepers,
            reload: None,
            changes: VecDeque::new(),
            held: false,
            ending: false,
            messages,
        };
        over.into_iter().for_each(|event| booted.decided(Some(event)));
        booted.void_grants();
        let doors: Vec<Door> = booted.keepers.iter().map(Keeper::door).collect();
        for door in doors {
            let started = booted.start(door);
            started.map_err(|source| BootError::Start { door, source })?;
        }
        booted.hold();
        Ok(booted)
    }

    /// Takes what a door said; what a process before the present one said late is kept only if it is an event.
    pub(super) fn hear(&mut self, door: Door, start: u32, said: FromDoor) -> Option<Change> {
        if let FromDoor::Event(event) = said {
            self.keep(Event { door, ..event });
            return None;
        }
        let keeper = find(&mut self.keepers, door).filter(|keeper| keeper.is_current(start))?;
        match said {
            FromDoor::Listening => {
                keeper.listens();
                self.record(door, What::Opened);
                if door == Door::Egress {
                    self.restore();
                    self.next_change();
                }
                let listening = |keeper: &Keeper| matches!(keeper.stage(), Stage::Listening { .. });
                return self.keepers.iter().all(listening).then_some(Change::AllListen);
            }
            FromDoor::Failed { reason } => keeper.said_last(reason),
            FromDoor::Reloaded => self.reloaded(door),
            FromDoor::Refused { reason } => self.not_reloaded(&reason),
            FromDoor::Ask { call, request } => self.ask(door, call, *request),
            FromDoor::Event(_) => (),
        }
        None
    }

    /// Notes that a door's channel is closed.
    pub(super) fn fell_silent(&mut self, door: Door, start: u32) {
        let keeper = find(&mut self.keepers, door);
        if let Some(keeper) = keeper.filter(|keeper| keeper.is_current(start)) {
            keeper.fell_silent();
        }
    }

    /// Notes that a process ended.
    pub(super) fn collected(&mut self, pid: Pid, status: WaitStatus) {
        // Any other is an orphan, which is done with once it is collected.
        let _door = self
            .keepers
            .iter_mut()
            .any(|keeper| keeper.collected(pid, status));
    }

    /// Returns the next thing that follows from ended processes.
    pub(super) fn settle(&mut self) -> Option<Change> {
        for keeper in &mut self.keepers {
            let Some(how) = keeper.take_end() else { continue };
            if matches!(keeper.stage(), Stage::Ending { .. }) {
                keeper.ended();
                continue;
            }
            let door = keeper.door();
            return Some(Change::Crashed { door, how });
        }
        let ended = |keeper: &Keeper| keeper.stage() == Stage::Ended;
        (self.ending && self.keepers.iter().all(ended)).then_some(Change::AllEnded)
    }

    /// Records a crash and sets when the door is started again.
    pub(super) fn pause(&mut self, door: Door, how: String) {
        if door == Door::Egress {
            self.not_reloaded("the door crashed");
        }
        let pause = find(&mut self.keepers, door).map(Keeper::pause);
        tracing::warn!(%door, %how, ?pause, "a door crashed and will be started again");
        self.record(door, What::Crashed { how });
    }

    /// Tells every door to end.
    pub(super) fn end(&mut self) {
        if !self.ending {
            self.ending = true;
            self.log.flush();
            self.end_changes();
            self.keepers.iter_mut().for_each(Keeper::end);
        }
    }

    /// Kills every door, without waiting for its end.
    pub(super) fn kill(&self) {
        self.keepers.iter().for_each(Keeper::kill);
    }

    /// Does what is due.
    pub(super) fn be_late(&mut self, now: Instant) {
        self.log.be_late(now);
        self.hold();
        self.expire();
        self.late_change(now);
        let due = self
            .keepers
            .iter_mut()
            .filter_map(|keeper| keeper.is_to_start(now).then(|| keeper.door()));
        let due: Vec<Door> = due.collect();
        for door in due {
            if let Err(error) = self.start(door) {
                self.pause(door, format!("cannot be started: {error}"));
            }
        }
    }

    /// Returns when something must happen although nobody said anything.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let keepers = self.keepers.iter().filter_map(Keeper::deadline);
        let reload = self.reload.iter().map(Reload::by);
        let over = self.questions.queue.deadline().map(|over| {
            let left = over.saturating_sub(self.clock.now());
            Instant::now() + Duration::from_millis(left)
        });
        keepers.chain(reload).chain(self.log.deadline()).chain(over).min()
    }

    /// Gives lines of the log.
    pub(super) fn drain(&mut self, after: u64) -> ControlAnswer {
        let drained = self.log.drain(after);
        self.hold();
        match drained {
            Ok(drained) => ControlAnswer::Events {
                lines: drained.lines,
                more: drained.more,
            },
            Err(error) => refused(format!("cannot read the event log: {error}")),
        }
    }

    /// Returns how each door is.
    pub(super) fn doors(&self) -> Vec<DoorStatus> {
        self.keepers.iter().map(Keeper::status).collect()
    }

    /// Returns how many events were not kept.
    pub(super) fn events_lost(&self) -> u64 {
        self.log.lost()
    }

    fn start(&mut self, door: Door) -> io::Result<()> {
        let now = self.clock.now();
        let first = match door {
            Door::Egress => ToDoor::Egress {
                now,
                boot: Box::new(self.egress.clone()),
            },
            Door::Supervise => ToDoor::Supervise { now },
            Door::GitGate => match self.git_gate.clone().map(Box::new) {
                Some(boot) => ToDoor::GitGate { now, boot },
                None => return Err(io::Error::other("this bottle has no repositories")),
            },
        };
        let Some(keeper) = find(&mut self.keepers, door) else {
            return Ok(());
        };
        keeper.start(first, &self.messages)?;
        if self.held {
            keeper.tell(ToDoor::Hold { held: true });
        }
        Ok(())
    }

    /// Tells the doors to refuse while nothing can be recorded: what is not recorded is not done.
    fn hold(&mut self) {
        let held = self.log.is_full();
        if self.held != held {
            self.held = held;
            tracing::warn!(held, "doors refuse while the event log is full");
            for keeper in &self.keepers {
                keeper.tell(ToDoor::Hold { held });
            }
        }
    }

    fn record(&mut self, door: Door, what: What) {
        let time = self.clock.now();
        self.keep(Event { time, door, what });
    }

    fn keep(&mut self, event: Event) {
        let seen = Seen::of(&event);
        let number = self.log.append(event);
        self.hold();
        if let Some(seen) = seen {
            self.saw(number, seen);
        }
    }

    /// What was approved before this start is in force, or does not fit any more.
    fn restore(&mut self) {
        for id in std::mem::take(&mut self.restored) {
            let (_, left_out) = self.questions.table(&self.own);
            match left_out.into_iter().find(|(other, _)| *other == id) {
                Some((_, reason)) => self.not_applied(id, &reason),
                None => self.applied(id),
            }
        }
    }
}

fn find(keepers: &mut [Keeper], door: Door) -> Option<&mut Keeper> {
    keepers.iter_mut().find(|keeper| keeper.door() == door)
}
