//! A human's answer: the first one counts, and only to exactly what was shown.

use bottle_wire::event::What;
use bottle_wire::supervise::{
    ContentHash, Decision, GrantTime, Proposal, QuestionId, QuestionState, RouteChange,
};

use super::Queue;
use super::entry::Entry;
use crate::limits::{GRANTS, MINUTES, MUTE_TIME, ONCE_TIME, REASON_BYTES, REJECTIONS};

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This change is to be put in force; then [`Queue::applied`] or [`Queue::not_applied`].
    Apply(RouteChange),
    /// The question stands like this, and nothing is to be put in force.
    Stands(QuestionState),
}

/// Says why an answer does not count. The question stands as before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is no such question.
    #[error("there is no question {0} in this bottle")]
    Unknown(QuestionId),
    /// The answer is to something else than what the question shows.
    #[error("question {0} is not the one that was shown; look at it again")]
    Changed(QuestionId),
    /// Somebody answered before, otherwise.
    #[error("question {id} is not open: {how}")]
    Closed {
        /// Which.
        id: QuestionId,
        /// How it stands.
        how: &'static str,
    },
    /// A time that cannot be granted.
    #[error("a grant lasts between 1 and {MINUTES} minutes, or as long as the bottle")]
    Time,
    /// Something else in the place of a push, or of another kind than was asked.
    #[error("nothing else can be approved in the place of what was asked")]
    Kind,
    /// A secret or a CI file is let through and nobody says why.
    #[error("a held push is let through for a reason only: say why")]
    NoReason,
    /// A text that is too long.
    #[error("a reason has at most {REASON_BYTES} bytes")]
    Reason,
    /// Too much is granted already.
    #[error("{GRANTS} approvals hold in this bottle, and no more")]
    TooMany,
}

impl Queue {
    /// Takes an answer. The same answer again is no second one.
    ///
    /// # Errors
    ///
    /// When it does not count; then nothing changed.
    pub fn answer(
        &mut self,
        id: QuestionId,
        hash: &ContentHash,
        decision: Decision,
        now: u64,
    ) -> Result<(Next, Option<What>), AnswerError> {
        let entry = self.find(id).ok_or(AnswerError::Unknown(id))?;
        if entry.question.hash != *hash {
            return Err(AnswerError::Changed(id));
        }
        if entry.decision.as_ref() == Some(&decision) && !entry.state.is_pending() {
            return Ok((Next::Stands(entry.state.clone()), None));
        }
        if !entry.is_open() {
            let how = how(entry);
            return Err(AnswerError::Closed { id, how });
        }
        self.acceptable(&entry.question.proposal, &decision)?;
        let event = What::Answered {
            id,
            decision: Box::new(decision.clone()),
        };
        let next = self.take(id, decision, now);
        Ok((next, Some(event)))
    }

    /// Notes that what was approved is in force, and returns what is to be recorded.
    pub fn applied(&mut self, id: QuestionId, now: u64) -> Option<What> {
        let entry = self.find_mut(id).filter(|entry| entry.state.is_pending())?;
        entry.state = in_force(entry.decision.as_ref()?, now)?;
        let until = entry.until();
        Some(What::Applied { id, until })
    }

    /// Notes that what was approved could not be put in force, and returns what is to be recorded.
    pub fn not_applied(&mut self, id: QuestionId, reason: &str) -> Option<What> {
        let entry = self.find_mut(id).filter(|entry| entry.state.is_pending())?;
        let reason = reason.to_owned();
        entry.state = QuestionState::Failed {
            reason: reason.clone(),
        };
        Some(What::NotApplied { id, reason })
    }

    /// Notes that what was approved is not in force any more, and returns what is to be recorded.
    pub fn ended(&mut self, id: QuestionId) -> Option<What> {
        let entry = self.find_mut(id).filter(|entry| entry.holds())?;
        entry.state = QuestionState::Ended;
        Some(What::Expired { id })
    }

    /// Returns how a question stands.
    #[must_use]
    pub fn state(&self, id: QuestionId) -> Option<&QuestionState> {
        self.find(id).map(|entry| &entry.state)
    }

    fn acceptable(&self, asked: &Proposal, decision: &Decision) -> Result<(), AnswerError> {
        let (time, words) = match decision {
            Decision::Approve { time, notes } | Decision::Modify { time, notes, .. } => (Some(time), notes),
            Decision::Reject { reason } => (None, reason),
        };
        if words.len() > REASON_BYTES {
            return Err(AnswerError::Reason);
        }
        match (asked, decision) {
            (Proposal::Push(_), Decision::Modify { .. }) => return Err(AnswerError::Kind),
            (_, Decision::Modify { proposal, .. }) if matches!(**proposal, Proposal::Push(_)) => {
                return Err(AnswerError::Kind);
            }
            (Proposal::Push(_), Decision::Approve { notes, .. }) if notes.trim().is_empty() => {
                return Err(AnswerError::NoReason);
            }
            _ => (),
        }
        match time {
            Some(GrantTime::Minutes(minutes)) if !(1..=MINUTES).contains(minutes) => Err(AnswerError::Time),
            Some(_) if self.granted().count() >= GRANTS => Err(AnswerError::TooMany),
            _ => Ok(()),
        }
    }

    fn take(&mut self, id: QuestionId, decision: Decision, now: u64) -> Next {
        self.saved.refused = 0;
        self.count(&decision, now);
        let Some(entry) = self.find_mut(id) else {
            return Next::Stands(QuestionState::Pending);
        };
        entry.decision = Some(decision.clone());
        // The gate asks again before it lets a push pass: what is approved of one is in force once it is on record.
        if let (Some(_), Some(state)) = (entry.push(), in_force(&decision, now)) {
            entry.state = state;
        }
        if let Decision::Reject { reason } = decision {
            entry.state = QuestionState::Rejected { reason };
        }
        match entry.change() {
            Some(change) => Next::Apply(change.clone()),
            None => Next::Stands(entry.state.clone()),
        }
    }

    /// Several rejections in a row mute the bottle for a while.
    fn count(&mut self, decision: &Decision, now: u64) {
        let Decision::Reject { .. } = decision else {
            self.saved.rejections = 0;
            return;
        };
        self.saved.rejections += 1;
        if self.saved.rejections >= REJECTIONS {
            self.saved.rejections = 0;
            self.saved.muted_until = Some(now.saturating_add(MUTE_TIME));
        }
    }
}

fn in_force(decision: &Decision, now: u64) -> Option<QuestionState> {
    let until = |time: &GrantTime| match time {
        GrantTime::Once => Some(now.saturating_add(ONCE_TIME)),
        GrantTime::Minutes(minutes) => Some(now.saturating_add(u64::from(*minutes) * 60_000)),
        GrantTime::Bottle => None,
    };
    match decision {
        Decision::Approve { time, notes } => Some(QuestionState::Approved {
            until: until(time),
            notes: notes.clone(),
        }),
        Decision::Modify {
            proposal,
            time,
            notes,
        } => Some(QuestionState::Modified {
            proposal: Box::<Proposal>::clone(proposal),
            until: until(time),
            notes: notes.clone(),
        }),
        Decision::Reject { .. } => None,
    }
}

const fn how(entry: &Entry) -> &'static str {
    match entry.state {
        QuestionState::Pending => "another answer is being put in force",
        QuestionState::Approved { .. } | QuestionState::Modified { .. } => "it was approved",
        QuestionState::Rejected { .. } => "it was rejected",
        QuestionState::Failed { .. } => "what was approved could not be put in force",
        QuestionState::Ended => "it was approved, and that has ended",
        QuestionState::Unanswered => "nobody answered it in time",
    }
}
