//! Equal refusals in a row: the first is recorded, and then how many there were.
//!
//! An agent that asks again and again for what it may not have says nothing new each time. What was allowed is recorded
//! each time.

use bottle_plan::door::Door;
use bottle_wire::event::{Event, RequestEvent, Verdict, What};
use bottle_wire::git_gate::GitEvent;
use tokio::time::Instant;

use crate::limits::{REPEAT_TIME, REPEATS};

/// Refusals of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// The oldest first.
    known: Vec<Known>,
}

/// A refusal that was recorded.
#[derive(Debug)]
struct Known {
    /// The line that has it.
    seq: u64,
    door: Door,
    what: What,
    /// How often it came again since it was last said.
    count: u64,
    /// When it came last, in milliseconds since 1970.
    last: u64,
    since: Instant,
}

impl Repeats {
    /// Counts an event that is known; tells whether it was.
    pub(super) fn count(&mut self, event: &Event) -> bool {
        let Some(what) = refusal(event) else {
            return false;
        };
        let known = self.known.iter_mut();
        let found = known
            .into_iter()
            .find(|known| known.door == event.door && known.what == what);
        if let Some(known) = found {
            known.count += 1;
            known.last = event.time;
            return true;
        }
        false
    }

    /// Remembers an event that was recorded. What makes way for it, and was repeated, is returned.
    pub(super) fn remember(&mut self, event: &Event, seq: u64) -> Option<Event> {
        let what = refusal(event)?;
        let made_way = (self.known.len() >= REPEATS).then(|| self.known.remove(0));
        self.known.push(Known {
            seq,
            door: event.door,
            what,
            count: 0,
            last: event.time,
            since: Instant::now(),
        });
        made_way.and_then(|mut known| known.take())
    }

    /// Forgets what is old, and returns what of it was repeated.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Event> {
        let young = self
            .known
            .iter()
            .take_while(|known| known.since + REPEAT_TIME <= now)
            .count();
        self.known
            .drain(..young)
            .filter_map(|mut known| known.take())
            .collect()
    }

    /// Returns everything that was repeated and not said yet.
    pub(super) fn all(&mut self) -> Vec<Event> {
        self.known.iter_mut().filter_map(Known::take).collect()
    }

    /// Returns when something is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let counted = self.known.iter().find(|known| known.count > 0);
        counted.map(|known| known.since + REPEAT_TIME)
    }
}

impl Known {
    fn take(&mut self) -> Option<Event> {
        let count = std::mem::take(&mut self.count);
        (count > 0).then_some(Event {
            time: self.last,
            door: self.door,
            what: What::Repeated { of: self.seq, count },
        })
    }
}

/// Returns what is equal in equal refusals, none for what is no refusal. Of the git gate that is a push that was
/// refused, and whatever failed: an upstream that is away is no news each time somebody asks.
fn refusal(event: &Event) -> Option<What> {
    match &event.what {
        What::Request(request) if request.verdict == Verdict::Refused => Some(What::Request(RequestEvent {
            sent: 0,
            received: 0,
            milliseconds: 0,
            ..request.clone()
        })),
        What::Git(git) if git.verdict != Verdict::Allowed => Some(What::Git(GitEvent {
            objects: 0,
            milliseconds: 0,
            ..git.clone()
        })),
        _ => None,
    }
}
