//! One event per request. Room for it is reserved before the request is sent, so none goes unrecorded.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Instant, UNIX_EPOCH};

use bottle_plan::door::Door;
use bottle_wire::event::{Event, RequestEvent, Verdict, What};
use tokio::sync::mpsc::{self, OwnedPermit, Receiver, Sender};

use super::metrics::Metrics;
use crate::decide::{Refusal, Rule};
use crate::limits;
use crate::tls::Clock;
use crate::upstream::Progress;

/// Makes the channel that events leave by. Whoever holds its end must keep receiving: a request that finds no room
/// waits a moment and is then refused.
#[must_use]
pub fn event_channel() -> (Sender<Event>, Receiver<Event>) {
    mpsc::channel(limits::EVENTS)
}

/// Where requests are recorded.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) sender: Sender<Event>,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    /// Whether nothing can be recorded.
    pub(super) held: AtomicBool,
    /// How many requests were refused because of that and are in no event.
    pub(super) unrecorded: AtomicU64,
}

/// What an event says about a request before it is decided.
#[derive(Debug, Default)]
pub(super) struct Subject {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
}

/// A request that is being answered; it becomes an event when it ends, however it ends.
#[derive(Debug)]
pub(super) struct Record {
    recorder: Arc<Recorder>,
    room: Option<OwnedPermit<Event>>,
    subject: Subject,
    began: Instant,
    pub(super) progress: Arc<Progress>,
    pub(super) status: Option<u16>,
    verdict: Verdict,
    rule: Cow<'static, str>,
}

impl Recorder {
    /// Begins a record; none when there is no room for it and none comes soon.
    pub(super) async fn begin(self: &Arc<Self>, subject: Subject) -> Option<Record> {
        let begun = match self.held.load(Ordering::SeqCst) {
            true => None,
            false => self.begin_soon(subject).await,
        };
        if begun.is_none() {
            self.unrecorded.fetch_add(1, Ordering::SeqCst);
        }
        begun
    }

    /// Records nothing, or records again; then the first event says how many requests are in none.
    pub(super) fn hold(&self, held: bool) {
        self.held.store(held, Ordering::SeqCst);
        if held {
            return;
        }
        let count = self.unrecorded.swap(0, Ordering::SeqCst);
        if count > 0
            && self
                .sender
                .try_send(event(&self.clock, What::Lost { count }))
                .is_err()
        {
            self.unrecorded.fetch_add(count, Ordering::SeqCst);
        }
    }

    async fn begin_soon(self: &Arc<Self>, subject: Subject) -> Option<Record> {
        let room = match self.sender.clone().try_reserve_owned() {
            Ok(room) => room,
            Err(_) => {
                let reserve = self.sender.clone().reserve_owned();
                tokio::time::timeout(limits::EVENT_TIME, reserve)
                    .await
                    .ok()?
                    .ok()?
            }
        };
        Some(Record {
            recorder: Arc::clone(self),
            room: Some(room),
            subject,
            began: Instant::now(),
            progress: Arc::default(),
            status: None,
            verdict: Verdict::Failed,
            rule: Rule::Stalled.name().into(),
        })
    }
}

impl Record {
    /// Notes that the request was allowed, and by which route.
    pub(super) fn allowed(&mut self, route: &str) {
        self.verdict = Verdict::Allowed;
        self.rule = route.to_owned().into();
    }

    /// Notes a refusal, or what became of an allowed request.
    pub(super) fn refused(&mut self, refusal: &Refusal) {
        self.verdict = match refusal.rule().is_failure() {
            true => Verdict::Failed,
            false => Verdict::Refused,
        };
        self.rule = refusal.rule().name().into();
    }

    /// Notes that an allowed request was broken off.
    pub(super) fn failed(&mut self) {
        self.verdict = Verdict::Failed;
    }

    fn event(&mut self) -> Event {
        let subject = std::mem::take(&mut self.subject);
        let request = RequestEvent {
            host: subject.host,
            port: subject.port,
            method: subject.method,
            path: subject.path,
            verdict: self.verdict,
            rule: std::mem::take(&mut self.rule).into_owned(),
            status: self.status,
            sent: self.progress.sent(),
            received: self.progress.received(),
            milliseconds: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            headers: subject.headers,
        };
        event(&self.recorder.clock, What::Request(request))
    }
}

fn event(clock: &Clock, what: What) -> Event {
    let since = clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Event {
        time: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        door: Door::Egress,
        what,
    }
}

/// A connection that panics or is cut off is recorded too.
impl Drop for Record {
    fn drop(&mut self) {
        self.recorder
            .metrics
            .count(&self.rule, self.verdict, &self.progress);
        let event = self.event();
        if let Some(room) = self.room.take() {
            room.send(event);
        }
    }
}
