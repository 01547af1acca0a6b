//! Questions from doors, and answers from the human.

use bottle_plan::door::Door;
use bottle_supervise::{Next, live_routes};
use bottle_wire::control::ControlAnswer;
use bottle_wire::door::ToDoor;
use bottle_wire::event::What;
use bottle_wire::supervise::{AskAnswer, AskError, AskRequest, ContentHash, Decision, QuestionId};

use super::{Booted, find};
use crate::init::questions::{Heard, Seen};
use crate::init::reload::{Asker, Purpose, refuse};

impl Booted {
    /// Answers what a door asks.
    pub(super) fn ask(&mut self, door: Door, call: u64, request: AskRequest) {
        let now = self.clock.now();
        let heard = match (&request, self.held) {
            // What is not recorded is not asked.
            (AskRequest::Put { .. }, true) => Heard {
                answer: AskAnswer::Refused(AskError::Unavailable("the event log is full".to_owned())),
                event: None,
            },
            _ => self.questions.hear(door, request, &self.egress.plan, now),
        };
        if let Some(event) = heard.event {
            self.record(door, event);
        }
        let answer = Box::new(heard.answer);
        if let Some(keeper) = find(&mut self.keepers, door) {
            keeper.tell(ToDoor::Answer { call, answer });
        }
    }

    /// Returns everything that waits for the human.
    pub(in crate::init) fn inbox(&self) -> ControlAnswer {
        let routes = live_routes(&self.egress.plan);
        ControlAnswer::Inbox(Box::new(self.questions.queue.inbox(routes, self.clock.now())))
    }

    /// Takes a human's answer; `asker` hears of it once it is in force.
    pub(in crate::init) fn answer(
        &mut self,
        id: QuestionId,
        hash: &ContentHash,
        decision: Decision,
        asker: Asker,
    ) {
        if self.held {
            return refuse(asker, "the event log is full, so no answer can be recorded");
        }
        let now = self.clock.now();
        let (next, event) = match self.questions.queue.answer(id, hash, decision, now) {
            Ok(taken) => taken,
            Err(error) => return refuse(asker, &error.to_string()),
        };
        self.decided(event);
        match next {
            Next::Apply(_) => self.change(Purpose::Grant(id, asker)),
            Next::Stands(state) => {
                let _unheard = asker.send(ControlAnswer::Answered(state));
            }
        }
    }

    /// Looks at what egress decided: the agent may ask about refusals, and an approval for once ends with its use.
    pub(super) fn saw(&mut self, number: Option<u64>, seen: Seen) {
        if self.questions.saw(number, seen) {
            self.expire();
        }
    }

    /// Ends what is over by now: open questions, and what was approved for a time.
    pub(super) fn expire(&mut self) {
        let now = self.clock.now();
        if self
            .questions
            .queue
            .deadline()
            .is_none_or(|deadline| deadline > now)
        {
            return;
        }
        for event in self.questions.queue.expire(now) {
            self.decided(Some(event));
        }
        self.change(Purpose::Ended);
    }

    /// Records what became of a question, writes it down, and lets those who wait look again.
    pub(super) fn decided(&mut self, event: Option<What>) {
        let Some(event) = event else { return };
        self.questions.save();
        self.record(Door::Supervise, event);
        for keeper in &self.keepers {
            if keeper.door() != Door::Egress {
                keeper.tell(ToDoor::Decided);
            }
        }
    }
}
