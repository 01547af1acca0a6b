//! Changes of the policy, one after the other: each is in force in egress before anybody hears of it.

use bottle_plan::door::Door;
use bottle_plan::egress::EgressPlan;
use bottle_wire::control::ControlAnswer;
use bottle_wire::door::ToDoor;
use bottle_wire::event::What;
use bottle_wire::supervise::{QuestionId, QuestionState};
use tokio::time::Instant;

use super::{Booted, find};
use crate::init::keeper::{Keeper, Stage};
use crate::init::reload::{self, Asker, Purpose, Reload, refuse};

impl Booted {
    /// Gives egress another policy of the bottle's own; `asker` hears of it once egress has said what it thinks.
    pub(in crate::init) fn reload(&mut self, plan: EgressPlan, asker: Asker) {
        match reload::refusal(&plan, &self.egress) {
            Some(reason) => refuse(asker, &reason),
            None => self.change(Purpose::Own(Box::new(plan), asker)),
        }
    }

    /// Puts a change behind those that wait. Their number is that of control connections, and one.
    pub(super) fn change(&mut self, purpose: Purpose) {
        let is_end = matches!(purpose, Purpose::Ended);
        let waits = self.changes.iter().any(|other| matches!(other, Purpose::Ended));
        if !(is_end && waits) {
            self.changes.push_back(purpose);
        }
        self.next_change();
    }

    /// Begins the next change, if egress is free to take it.
    pub(super) fn next_change(&mut self) {
        while self.reload.is_none() && self.egress_listens() {
            let Some(purpose) = self.changes.pop_front() else {
                return;
            };
            let own = match &purpose {
                Purpose::Own(plan, _) => plan,
                Purpose::Grant(..) | Purpose::Ended => &self.own,
            };
            let (plan, left_out) = self.questions.table(own);
            if let Purpose::Grant(id, _) = &purpose
                && let Some((_, reason)) = left_out.iter().find(|(other, _)| other == id)
            {
                self.failed(purpose, reason);
                continue;
            }
            self.begin(plan, purpose);
        }
    }

    /// Notes that egress follows the policy that it was given.
    pub(super) fn reloaded(&mut self, door: Door) {
        if let Some(Reload { plan, purpose, .. }) = self.reload.take() {
            let routes = plan.routes.len();
            self.egress.plan = plan;
            self.record(door, What::Reloaded { routes });
            self.done(purpose);
        }
        self.next_change();
    }

    /// Notes that egress does not follow the policy that it was given.
    pub(super) fn not_reloaded(&mut self, reason: &str) {
        if let Some(Reload { purpose, .. }) = self.reload.take() {
            if matches!(purpose, Purpose::Ended) {
                // It must not go on with what has ended; the next process begins with the policy without it.
                find(&mut self.keepers, Door::Egress)
                    .iter()
                    .for_each(|keeper| keeper.kill());
            }
            self.failed(purpose, reason);
        }
        self.next_change();
    }

    /// Gives up on an answer that is late.
    pub(super) fn late_change(&mut self, now: Instant) {
        if self.reload.as_ref().is_some_and(|reload| reload.by() <= now) {
            // Nobody knows which policy it follows now; the next process follows the one on record.
            find(&mut self.keepers, Door::Egress)
                .iter()
                .for_each(|keeper| keeper.kill());
            self.not_reloaded("the door did not answer, and is started again");
        }
    }

    /// Tells everybody who waits that nothing will change any more.
    pub(super) fn end_changes(&mut self) {
        let under_way = self.reload.take().map(|reload| reload.purpose);
        for purpose in under_way.into_iter().chain(self.changes.drain(..)) {
            if let Purpose::Own(_, asker) | Purpose::Grant(_, asker) = purpose {
                // What was approved is on record, and in force when the sidecar is there again.
                refuse(asker, "the sidecar is ending");
            }
        }
    }

    fn begin(&mut self, plan: EgressPlan, purpose: Purpose) {
        if plan == self.egress.plan {
            return self.done(purpose);
        }
        if matches!(purpose, Purpose::Ended) {
            self.egress.plan = plan.clone();
        }
        let order = ToDoor::Reload {
            plan: Box::new(plan.clone()),
        };
        find(&mut self.keepers, Door::Egress)
            .iter()
            .for_each(|keeper| keeper.tell(order.clone()));
        self.reload = Some(Reload::new(plan, purpose));
    }

    fn done(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Own(plan, asker) => {
                self.own = *plan;
                self.void_grants();
                let _unheard = asker.send(ControlAnswer::Done);
            }
            Purpose::Grant(id, asker) => {
                self.applied(id);
                let state = self.questions.queue.state(id).cloned();
                let state = state.unwrap_or(QuestionState::Ended);
                let _unheard = asker.send(ControlAnswer::Answered(state));
            }
            Purpose::Ended => (),
        }
    }

    fn failed(&mut self, purpose: Purpose, reason: &str) {
        match purpose {
            Purpose::Own(_, asker) => refuse(asker, reason),
            Purpose::Grant(id, asker) => {
                self.not_applied(id, reason);
                refuse(
                    asker,
                    &format!("the answer is on record, and could not be put in force: {reason}"),
                );
            }
            Purpose::Ended => tracing::error!(reason, "egress did not take a policy without what has ended"),
        }
    }

    /// Notes that what was approved is in force.
    pub(super) fn applied(&mut self, id: QuestionId) {
        let event = self.questions.queue.applied(id, self.clock.now());
        self.decided(event);
    }

    /// Notes that what was approved cannot be in force.
    pub(super) fn not_applied(&mut self, id: QuestionId, reason: &str) {
        let event = self.questions.queue.not_applied(id, reason);
        self.decided(event);
    }

    /// Ends what was granted on top of a table that it does not fit any more.
    pub(super) fn void_grants(&mut self) {
        for (id, reason) in self.questions.table(&self.own).1 {
            tracing::warn!(%id, %reason, "what was approved no longer fits the bottle's own table");
            let event = self.questions.queue.ended(id);
            self.decided(event);
        }
    }

    fn egress_listens(&mut self) -> bool {
        let keeper = find(&mut self.keepers, Door::Egress);
        keeper.is_some_and(|keeper| matches!(Keeper::stage(keeper), Stage::Listening { .. }))
    }
}
