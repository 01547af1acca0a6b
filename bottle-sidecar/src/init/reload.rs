//! Another policy while doors are open.

use bottle_plan::egress::{EgressPlan, HostName};
use bottle_wire::boot::EgressBoot;
use bottle_wire::control::ControlAnswer;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::limits::RELOAD_TIME;

/// A policy that egress was given and has not answered to.
#[derive(Debug)]
pub(super) struct Reload {
    plan: EgressPlan,
    answer: oneshot::Sender<ControlAnswer>,
    by: Instant,
}

impl Reload {
    pub(super) fn new(plan: EgressPlan, answer: oneshot::Sender<ControlAnswer>) -> Self {
        let by = Instant::now() + RELOAD_TIME;
        Self { plan, answer, by }
    }

    /// Returns when egress must have answered.
    pub(super) fn by(&self) -> Instant {
        self.by
    }

    /// Answers whoever asked, if they are still there, and returns the policy.
    pub(super) fn answer(self, with: ControlAnswer) -> EgressPlan {
        let _unheard = self.answer.send(with);
        self.plan
    }
}

/// Says why a policy cannot be in force with what the boot frame gave.
pub(super) fn refusal(plan: &EgressPlan, boot: &EgressBoot) -> Option<String> {
    let mut slots = plan
        .routes
        .iter()
        .filter_map(|route| route.auth.as_ref())
        .map(|auth| &auth.slot);
    if let Some(slot) = slots.find(|slot| !boot.tokens.contains_key(*slot)) {
        return Some(format!("it names a credential that the boot frame lacks: {slot}"));
    }
    let known = |host: &HostName| boot.upstream_roots.iter().any(|roots| roots.host == *host);
    let mut hosts = plan.upstream_ca.iter().map(|authority| &authority.host);
    let unknown = hosts.find(|host| !known(host));
    unknown.map(|host| format!("it names a certificate authority that the boot frame lacks: for {host}"))
}
