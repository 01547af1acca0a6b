//! One question and what became of it.

use bottle_wire::supervise::{
    Asked, Decision, GrantTime, Proposal, PushProposal, Question, QuestionState, RouteChange,
};
use serde::{Deserialize, Serialize};

use super::{UNANSWERED, open_until};

/// One question and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) question: Question,
    /// The first answer, which is the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) decision: Option<Decision>,
    pub(super) state: QuestionState,
}

impl Entry {
    pub(super) const fn new(question: Question) -> Self {
        Self {
            question,
            decision: None,
            state: QuestionState::Pending,
        }
    }

    pub(super) fn asked(&self) -> Asked {
        Asked {
            id: self.question.id,
            state: self.state.clone(),
        }
    }

    /// Tells whether nobody has answered.
    pub(super) const fn is_open(&self) -> bool {
        self.state.is_pending() && self.decision.is_none()
    }

    /// Tells whether something was approved and has not ended.
    pub(super) const fn holds(&self) -> bool {
        matches!(
            self.state,
            QuestionState::Approved { .. } | QuestionState::Modified { .. }
        )
    }

    /// Tells whether the same question need not be put again.
    pub(super) fn stands(&self, now: u64) -> bool {
        match self.state {
            QuestionState::Pending => true,
            // Pushing again is how an agent hears what was said about a push; it is no new question.
            QuestionState::Rejected { .. } => self.push().is_some(),
            _ => self.holds() && self.until().is_none_or(|until| until > now),
        }
    }

    /// Returns when what was approved ends.
    pub(super) const fn until(&self) -> Option<u64> {
        match self.state {
            QuestionState::Approved { until, .. } | QuestionState::Modified { until, .. } => until,
            _ => None,
        }
    }

    /// Returns the change that was approved, whether it is in force or about to be.
    pub(super) fn change(&self) -> Option<&RouteChange> {
        let proposal = match self.decision.as_ref()? {
            Decision::Approve { .. } => &self.question.proposal,
            Decision::Modify { proposal, .. } => proposal,
            Decision::Reject { .. } => return None,
        };
        match proposal {
            Proposal::Routes(change) => Some(change),
            Proposal::Push(_) => None,
        }
    }

    /// Returns the push that the question is about, if it is about one.
    pub(super) const fn push(&self) -> Option<&PushProposal> {
        match &self.question.proposal {
            Proposal::Push(push) => Some(push),
            Proposal::Routes(_) => None,
        }
    }

    /// Tells whether the approval was for one use.
    pub(super) const fn is_for_once(&self) -> bool {
        matches!(
            self.decision,
            Some(
                Decision::Approve {
                    time: GrantTime::Once,
                    ..
                } | Decision::Modify {
                    time: GrantTime::Once,
                    ..
                }
            )
        )
    }

    /// Ends what was approved, at once.
    pub(super) fn end_at(&mut self, now: u64) {
        if let QuestionState::Approved { until, .. } | QuestionState::Modified { until, .. } = &mut self.state
        {
            *until = Some(until.map_or(now, |until| until.min(now)));
        }
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        match self.is_open() {
            true => Some(open_until(self.question.asked_at)),
            false => self.until(),
        }
    }

    /// Ends what is over by now; tells whether something was.
    pub(super) fn expire(&mut self, now: u64) -> bool {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return false;
        }
        self.state = match self.is_open() {
            true => UNANSWERED,
            false => QuestionState::Ended,
        };
        true
    }
}
