//! The live table: the bottle's own routes and what was granted on top.

use bottle_plan::egress::EgressPlan;
use bottle_wire::supervise::{LiveRoute, RouteChange};

use crate::check::{ChangeError, check};

/// Puts changes on top of a bottle's own table, in order; returns what could not be put there, by place.
#[must_use]
pub fn compose<'a>(
    own: &EgressPlan,
    changes: impl IntoIterator<Item = &'a RouteChange>,
) -> (EgressPlan, Vec<(usize, ChangeError)>) {
    let mut table = own.clone();
    let mut left_out = Vec::new();
    for (place, change) in changes.into_iter().enumerate() {
        match check(change, &table) {
            Ok(made) => table = made,
            Err(error) => left_out.push((place, error)),
        }
    }
    (table, left_out)
}

/// Shows a table without anything about where credentials come from.
#[must_use]
pub fn live_routes(plan: &EgressPlan) -> Vec<LiveRoute> {
    let routes = plan.routes.iter().map(|route| LiveRoute {
        host: route.host.clone(),
        ports: route.ports.clone(),
        credential: route.auth.is_some(),
        matches: route.matches.clone(),
        git_fetch: route.git.fetch,
    });
    routes.collect()
}
