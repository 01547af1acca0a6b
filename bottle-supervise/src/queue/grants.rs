//! What holds because it was approved, and what the human is shown.

use bottle_wire::supervise::{GrantShown, Granted, Inbox, LiveRoute, QuestionId, RouteChange};

use super::Queue;
use super::entry::Entry;

impl Queue {
    /// Returns the changes that were approved and have not ended, oldest first; those too that are about to be put in
    /// force.
    pub fn grants(&self) -> impl Iterator<Item = (QuestionId, &RouteChange)> {
        self.granted()
            .filter_map(|entry| Some((entry.question.id, entry.change()?)))
    }

    /// Returns the approved questions that nobody has said to be in force yet: after a restart they are, with the rest.
    #[must_use]
    pub fn unapplied(&self) -> Vec<QuestionId> {
        let pending = self.granted().filter(|entry| entry.state.is_pending());
        pending.map(|entry| entry.question.id).collect()
    }

    /// Notes that a request got through to a host and has ended: what was approved for once ends with it. Tells whether
    /// something did; [`expire`](Self::expire) says what.
    pub fn used(&mut self, host: &str, now: u64) -> bool {
        let mut ended = false;
        for entry in self.saved.entries.iter_mut().filter(|entry| entry.holds()) {
            let opened = |change: &RouteChange| change.add.iter().any(|route| route.host.as_str() == host);
            if entry.is_for_once() && entry.change().is_some_and(opened) {
                entry.end_at(now);
                ended = true;
            }
        }
        ended
    }

    /// Notes that a push passed because a question was approved: what was approved for once ends with it. Tells whether
    /// something did; [`expire`](Self::expire) says what.
    pub fn pushed(&mut self, id: QuestionId, now: u64) -> bool {
        let entry = self.find_mut(id).filter(|entry| entry.push().is_some());
        match entry.filter(|entry| entry.holds() && entry.is_for_once()) {
            Some(entry) => {
                entry.end_at(now);
                true
            }
            None => false,
        }
    }

    /// Returns everything that waits for the human, beside a table.
    #[must_use]
    pub fn inbox(&self, routes: Vec<LiveRoute>, now: u64) -> Inbox {
        Inbox {
            questions: self.open().map(|entry| entry.question.clone()).collect(),
            refused: self.saved.refused,
            muted_until: self.muted_until(now),
            notes: self.saved.notes.clone(),
            notes_dropped: self.saved.notes_dropped,
            grants: self.granted().filter_map(shown).collect(),
            routes,
        }
    }

    pub(super) fn granted(&self) -> impl Iterator<Item = &Entry> {
        let granted = |entry: &&Entry| entry.holds() || (entry.state.is_pending() && !entry.is_open());
        self.saved.entries.iter().filter(granted)
    }
}

fn shown(entry: &Entry) -> Option<GrantShown> {
    let granted = match entry.push() {
        Some(push) => Granted::Push(push.repo.clone()),
        None => {
            let hosts = entry.change()?.add.iter().map(|route| route.host.clone());
            Granted::Hosts(hosts.collect())
        }
    };
    Some(GrantShown {
        id: entry.question.id,
        granted,
        until: entry.until(),
    })
}
