//! What a proposal would make of the live table.

use bottle_plan::egress::{EgressPlan, HostName, HostPattern, Route, RouteMatch, RouteOwner};
use bottle_wire::supervise::{ProposedRoute, RouteChange};

use crate::limits::{CHANGES, MATCHES, MINUTES};

/// Says why a change can never be approved as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// It changes nothing.
    #[error("nothing is proposed")]
    Nothing,
    /// It is too large to be read by a human.
    #[error("{0} is more than anybody can be asked at once")]
    TooMuch(String),
    /// A host that some route covers already.
    #[error(
        "the host {host} is covered by the route for {by}; a proposal can add a host that no route covers"
    )]
    Covered {
        /// The host.
        host: HostName,
        /// The pattern of the route.
        by: HostPattern,
    },
    /// The same host twice.
    #[error("the host {0} is named twice")]
    Twice(HostName),
    /// An address in place of a host.
    #[error("{0} is an address; a proposal names a host")]
    Address(HostName),
    /// A route to remove that is not there.
    #[error("there is no route for exactly {0}")]
    NoRoute(HostName),
    /// A route to remove that carries a credential.
    #[error("the route for {0} carries a credential; only a person can change it, in the bottle's file")]
    Credential(HostName),
    /// A route to remove whose host another route would then decide about.
    #[error("without the route for {host}, the route for {by} would decide about it")]
    Uncovers {
        /// The host.
        host: HostName,
        /// The pattern of the other route.
        by: HostPattern,
    },
}

/// Returns the table that a change makes of the live one: exact hosts without a credential are added or go, and
/// everything else is equal.
///
/// # Errors
///
/// When the change is anything else than that.
pub fn check(change: &RouteChange, live: &EgressPlan) -> Result<EgressPlan, ChangeError> {
    bounded(change)?;
    for (index, host) in change.remove.iter().enumerate() {
        unique(host, change.remove.iter().take(index))?;
        removable(host, live)?;
    }
    for (index, route) in change.add.iter().enumerate() {
        let earlier = change.add.iter().take(index).map(|route| &route.host);
        unique(&route.host, earlier.chain(&change.remove))?;
        addable(&route.host, live)?;
    }
    let stays = |route: &&Route| !is_for_any(route, &change.remove);
    let routes = live.routes.iter().filter(stays).cloned();
    Ok(EgressPlan {
        routes: routes.chain(change.add.iter().map(route)).collect(),
        ..live.clone()
    })
}

/// Returns the route that a proposed one becomes: nothing of it but the host and what of the host is the agent's.
pub(crate) fn route(proposed: &ProposedRoute) -> Route {
    let pattern = HostPattern::Exact(proposed.host.clone());
    Route {
        matches: proposed.matches.clone(),
        ..Route::to(pattern, RouteOwner::Manifest)
    }
}

fn bounded(change: &RouteChange) -> Result<(), ChangeError> {
    let too_much = |what: &str| Err(ChangeError::TooMuch(what.to_owned()));
    if change.add.is_empty() && change.remove.is_empty() {
        return Err(ChangeError::Nothing);
    }
    if change.add.len() > CHANGES || change.remove.len() > CHANGES {
        return too_much(&format!("a change of more than {CHANGES} routes"));
    }
    if change
        .minutes
        .is_some_and(|minutes| !(1..=MINUTES).contains(&minutes))
    {
        return too_much(&format!("a time that is not between 1 and {MINUTES} minutes"));
    }
    let wide = |found: &RouteMatch| [found.paths.len(), found.methods.len(), found.headers.len()];
    let large = |route: &ProposedRoute| {
        let lengths = route.matches.iter().flat_map(wide);
        lengths
            .chain([route.matches.len()])
            .any(|length| length > MATCHES)
    };
    match change.add.iter().find(|route| large(route)) {
        Some(route) => too_much(&format!(
            "a route for {} with lists of more than {MATCHES}",
            route.host
        )),
        None => Ok(()),
    }
}

fn unique<'a>(host: &HostName, mut earlier: impl Iterator<Item = &'a HostName>) -> Result<(), ChangeError> {
    match earlier.any(|other| other == host) {
        true => Err(ChangeError::Twice(host.clone())),
        false => Ok(()),
    }
}

fn addable(host: &HostName, live: &EgressPlan) -> Result<(), ChangeError> {
    if host.address().is_some() {
        return Err(ChangeError::Address(host.clone()));
    }
    match covering(host, live).next() {
        Some(route) => Err(ChangeError::Covered {
            host: host.clone(),
            by: route.host.clone(),
        }),
        None => Ok(()),
    }
}

fn removable(host: &HostName, live: &EgressPlan) -> Result<(), ChangeError> {
    let (exact, others): (Vec<&Route>, Vec<&Route>) =
        covering(host, live).partition(|route| route.host.exact().is_some());
    if exact.is_empty() {
        return Err(ChangeError::NoRoute(host.clone()));
    }
    if exact.iter().any(|route| route.auth.is_some()) {
        return Err(ChangeError::Credential(host.clone()));
    }
    match others.first() {
        Some(other) => Err(ChangeError::Uncovers {
            host: host.clone(),
            by: other.host.clone(),
        }),
        None => Ok(()),
    }
}

fn covering<'a>(host: &'a HostName, live: &'a EgressPlan) -> impl Iterator<Item = &'a Route> {
    let covers = |route: &&Route| route.host.covers(host.as_str());
    live.routes.iter().filter(covers)
}

fn is_for_any(route: &Route, hosts: &[HostName]) -> bool {
    let host = route.host.exact();
    host.is_some_and(|host| hosts.contains(host))
}

#[cfg(test)]
mod tests;
