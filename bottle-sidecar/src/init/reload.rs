//! Another policy while doors are open.

use bottle_plan::egress::{EgressPlan, HostName};
use bottle_wire::boot::EgressBoot;
use bottle_wire::control::ControlAnswer;
use bottle_wire::supervise::QuestionId;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::control::refused;
use crate::limits::RELOAD_TIME;

/// Whoever asked; they may have gone away.
pub(super) type Asker = oneshot::Sender<ControlAnswer>;

/// Why there is to be another policy.
#[derive(Debug)]
pub(super) enum Purpose {
    /// The command gave the bottle another table of its own.
    Own(Box<EgressPlan>, Asker),
    /// A question was approved.
    Grant(QuestionId, Asker),
    /// What was approved has ended.
    Ended,
}

/// A policy that egress was given and has not answered to.
#[derive(Debug)]
pub(super) struct Reload {
    pub(super) plan: EgressPlan,
    pub(super) purpose: Purpose,
    by: Instant,
}

impl Reload {
    pub(super) fn new(plan: EgressPlan, purpose: Purpose) -> Self {
        let by = Instant::now() + RELOAD_TIME;
        Self { plan, purpose, by }
    }

    /// Returns when egress must have answered.
    pub(super) fn by(&self) -> Instant {
        self.by
    }
}

/// Tells whoever asked that nothing changed.
pub(super) fn refuse(asker: Asker, reason: &str) {
    let _unheard = asker.send(refused(reason));
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
