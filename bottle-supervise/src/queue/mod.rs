//! The questions of one bottle: what is open, what was decided, and what holds because of it.

mod answer;
mod entry;
mod grants;
#[cfg(test)]
mod tests;

pub use answer::{AnswerError, Next};

use bottle_plan::door::Door;
use bottle_plan::names::Identity;
use bottle_wire::event::What;
use bottle_wire::supervise::{AskError, Asked, Note, Proposal, Question, QuestionId, QuestionState};
use serde::{Deserialize, Serialize};

use crate::limits::{ANSWERED, NOTES, OPEN_TIME, QUESTIONS, WORDS_BYTES};
use entry::Entry;

/// The questions of one bottle. It changes nothing but itself: whoever holds it applies what was approved, writes down
/// the events that it returns, and saves it.
#[derive(Debug)]
pub struct Queue {
    identity: Identity,
    saved: Saved,
}

/// A queue as it is saved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    last: u64,
    entries: Vec<Entry>,
    refused: u64,
    rejections: u32,
    muted_until: Option<u64>,
    notes: Vec<Note>,
    notes_dropped: u64,
}

/// What became of putting a question, and the event of it when it is a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// What the asker hears.
    pub asked: Asked,
    /// What is to be recorded.
    pub event: Option<What>,
}

impl Queue {
    /// Makes a queue, or goes on with a saved one. Questions that are not genuine are left out.
    #[must_use]
    pub fn new(identity: Identity, mut saved: Saved) -> Self {
        saved.entries.retain(|entry| entry.question.is_genuine(&identity));
        Self { identity, saved }
    }

    /// Returns what is to be saved.
    #[must_use]
    pub const fn saved(&self) -> &Saved {
        &self.saved
    }

    /// Returns how the same question stands that is open or holds already, if there is one.
    #[must_use]
    pub fn stands(&self, door: Door, proposal: &Proposal, now: u64) -> Option<Asked> {
        self.find_same(door, proposal, now).map(Entry::asked)
    }

    /// Puts a question. One that is open or holds already is found again and not put twice.
    ///
    /// # Errors
    ///
    /// When it is not taken: muted, too many open, or too long.
    pub fn put(&mut self, door: Door, proposal: Proposal, words: String, now: u64) -> Result<Put, AskError> {
        if let Some(entry) = self.find_same(door, &proposal, now) {
            return Ok(Put {
                asked: entry.asked(),
                event: None,
            });
        }
        self.refuse(&words, now)?;
        self.saved.last += 1;
        let id = QuestionId(self.saved.last);
        let question = Question::new(&self.identity, id, (door, now), proposal, words);
        let entry = Entry::new(question.clone());
        let asked = entry.asked();
        self.saved.entries.push(entry);
        self.forget();
        Ok(Put {
            asked,
            event: Some(What::Asked(Box::new(question))),
        })
    }

    /// Says how a question of a door's stands. The agent, behind the supervise door, hears of all of its bottle's.
    ///
    /// # Errors
    ///
    /// When the door has no such question.
    pub fn check(&self, door: Door, id: QuestionId) -> Result<Asked, AskError> {
        let is_its_own = |entry: &&Entry| door == Door::Supervise || entry.question.door == door;
        let entry = self.find(id).filter(is_its_own);
        entry.map(Entry::asked).ok_or(AskError::Unknown { id })
    }

    /// Keeps a line for the human. Of too many, the oldest go and are counted.
    ///
    /// # Errors
    ///
    /// When it is too long.
    pub fn note(&mut self, words: String, now: u64) -> Result<(), AskError> {
        too_long(&words)?;
        if self.saved.notes.len() >= NOTES {
            self.saved.notes.remove(0);
            self.saved.notes_dropped = self.saved.notes_dropped.saturating_add(1);
        }
        self.saved.notes.push(Note { time: now, words });
        Ok(())
    }

    /// Ends what is over by now, and returns what is to be recorded. Approvals that ended are no longer among
    /// [`grants`](Self::grants).
    pub fn expire(&mut self, now: u64) -> Vec<What> {
        let mut events = Vec::new();
        for entry in &mut self.saved.entries {
            if entry.expire(now) {
                let id = entry.question.id;
                events.push(What::Expired { id });
            }
        }
        self.forget();
        events
    }

    /// Returns when something is over next.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.saved.entries.iter().filter_map(Entry::deadline).min()
    }

    fn refuse(&mut self, words: &str, now: u64) -> Result<(), AskError> {
        too_long(words)?;
        if let Some(until) = self.muted_until(now) {
            let seconds = (until - now).div_ceil(1000);
            return Err(AskError::Muted { seconds });
        }
        let open = self.open().count();
        if open >= QUESTIONS {
            self.saved.refused = self.saved.refused.saturating_add(1);
            return Err(AskError::TooMany { open });
        }
        Ok(())
    }

    fn muted_until(&self, now: u64) -> Option<u64> {
        self.saved.muted_until.filter(|until| *until > now)
    }

    fn find_same(&self, door: Door, proposal: &Proposal, now: u64) -> Option<&Entry> {
        let same = |entry: &&Entry| {
            let question = &entry.question;
            question.door == door && question.proposal == *proposal && entry.stands(now)
        };
        self.saved.entries.iter().find(same)
    }

    fn find(&self, id: QuestionId) -> Option<&Entry> {
        self.saved.entries.iter().find(|entry| entry.question.id == id)
    }

    fn find_mut(&mut self, id: QuestionId) -> Option<&mut Entry> {
        self.saved
            .entries
            .iter_mut()
            .find(|entry| entry.question.id == id)
    }

    fn open(&self) -> impl Iterator<Item = &Entry> {
        self.saved.entries.iter().filter(|entry| entry.is_open())
    }

    /// Forgets the oldest of what is over.
    fn forget(&mut self) {
        let over = |entry: &Entry| !entry.state.is_pending() && !entry.holds();
        let count = self.saved.entries.iter().filter(|entry| over(entry)).count();
        let mut too_many = count.saturating_sub(ANSWERED);
        self.saved.entries.retain(|entry| {
            let goes = too_many > 0 && over(entry);
            too_many -= usize::from(goes);
            !goes
        });
    }
}

fn too_long(words: &str) -> Result<(), AskError> {
    match words.len() > WORDS_BYTES {
        true => {
            let reason = format!("the text is longer than {WORDS_BYTES} bytes");
            Err(AskError::Impossible(reason))
        }
        false => Ok(()),
    }
}

/// When an open question is over.
const fn open_until(asked_at: u64) -> u64 {
    asked_at.saturating_add(OPEN_TIME)
}

/// How a question that nobody answered stands.
const UNANSWERED: QuestionState = QuestionState::Unanswered;
