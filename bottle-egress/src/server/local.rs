//! `_egress.local`: what the door tells the agent about itself.

use bottle_plan::egress::{AuthScheme, HostName, HostPattern, Route, RouteMatch, WebSocketRule};
use serde::Serialize;

use crate::policy::Policy;
use crate::request::Query;

/// The host whose requests the door answers itself.
pub(super) const HOST: &str = "_egress.local";

/// The live table, without slots and without anything about the machine outside.
#[derive(Debug, Serialize)]
pub(super) struct Allowlist<'a> {
    routes: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    host: &'a HostPattern,
    ports: &'a [u16],
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'a str>,
    #[serde(skip_serializing_if = "is_empty")]
    matches: &'a [RouteMatch],
    git_fetch: bool,
    git_api_write: bool,
    websocket: WebSocketRule,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<u32>,
}

/// A name that some request could go to: the relay gives it an address of the guest's own.
#[derive(Debug, Serialize)]
pub(super) struct Resolved<'a> {
    name: &'a str,
    ports: &'a [u16],
}

/// The host that a query of `/resolve` names: one name, no address.
pub(super) fn resolve_name(query: &Query) -> Option<HostName> {
    let mut names = query.values("name");
    let (name, None) = (names.next()?, names.next()) else {
        return None;
    };
    let name: HostName = name.parse().ok()?;
    name.address().is_none().then_some(name)
}

impl<'a> Resolved<'a> {
    /// Finds the route that decides about the name. That requests are allowed is not said by it.
    pub(super) fn of(policy: &'a Policy, name: &'a HostName) -> Option<Self> {
        let route = policy.route(name)?;
        Some(Self {
            name: name.as_str(),
            ports: &route.plan().ports,
        })
    }
}

impl<'a> Allowlist<'a> {
    pub(super) fn of(policy: &'a Policy) -> Self {
        let routes = policy.plan().routes.iter().map(Entry::of);
        Self {
            routes: routes.collect(),
        }
    }
}

impl<'a> Entry<'a> {
    fn of(route: &'a Route) -> Self {
        Self {
            host: &route.host,
            ports: &route.ports,
            credential: route.auth.as_ref().map(|auth| scheme(&auth.scheme)),
            matches: &route.matches,
            git_fetch: route.git.fetch,
            git_api_write: route.git.api_write,
            websocket: route.websocket,
            body_bytes: route.limits.body.map(|size| size.bytes()),
            requests_per_minute: route.limits.requests_per_minute,
        }
    }
}

/// Says which header field is filled in outside, so that the agent need not bring its own.
fn scheme(scheme: &AuthScheme) -> &str {
    match scheme {
        AuthScheme::Bearer => "authorization: bearer",
        AuthScheme::Token => "authorization: token",
        AuthScheme::Basic => "authorization: basic",
        AuthScheme::Header(name) => name,
    }
}

fn is_empty(matches: &&[RouteMatch]) -> bool {
    matches.is_empty()
}
