//! `_egress.local`: what the door tells the agent about itself.

use std::sync::Arc;

use bottle_plan::egress::{AuthScheme, HostName, HostPattern, Route, RouteMatch, WebSocketRule};
use hyper::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use super::answer;
use super::connection::Connection;
use super::events::Subject;
use super::place::Asked;
use super::requests::{Next, refuse_unread};
use super::shared::Shared;
use crate::decide::{Refusal, Rule};
use crate::http1::{Framing, Head};
use crate::policy::Policy;
use crate::request::Query;

/// The host whose requests the door answers itself.
pub(super) const HOST: &str = "_egress.local";

/// The live table, without slots and without anything about the machine outside.
#[derive(Debug, Serialize)]
struct Allowlist<'a> {
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
struct Resolved<'a> {
    name: &'a str,
    ports: &'a [u16],
}

/// What events call the question for a name.
const RESOLVE: &str = "RESOLVE";
/// The port of such questions (RFC 1035, section 4.2).
const NAME_PORT: u16 = 53;

/// Answers a request for the door itself.
pub(super) async fn serve(shared: &Arc<Shared>, connection: Connection, head: &Head, asked: &Asked) -> Next {
    let policy = shared.policy();
    let reads = matches!(head.method, Method::GET | Method::HEAD);
    match asked.path.as_sent() {
        "/allowlist" if reads => say(connection, head, &Allowlist::of(&policy)).await,
        "/metrics" if reads => say(connection, head, &shared.recorder.metrics.snapshot()).await,
        "/resolve" if reads => {
            let name = resolve_name(&asked.query);
            match name.as_ref().and_then(|name| Resolved::of(&policy, name)) {
                Some(resolved) => say(connection, head, &resolved).await,
                None => no_such_name(shared, connection, head, name).await,
            }
        }
        _ => {
            let detail = "there are /allowlist, /metrics and /resolve?name=";
            let refusal = Refusal::of_connection(Rule::NoMatch, head.method.to_string(), detail);
            let mut connection = connection;
            let close = closes(head);
            let answered = answer::refuse(&mut connection.writer, &refusal, &head.method, close).await;
            next(connection, answered.is_ok(), close)
        }
    }
}

async fn say(mut connection: Connection, head: &Head, what: &impl Serialize) -> Next {
    let (ok, none, close) = (StatusCode::OK, HeaderMap::new(), closes(head));
    let answered = answer::json(&mut connection.writer, ok, none, what, &head.method, close).await;
    next(connection, answered.is_ok(), close)
}

/// A program without a proxy asked for a host that it may not reach: that is a decision like any other.
async fn no_such_name(
    shared: &Arc<Shared>,
    connection: Connection,
    head: &Head,
    name: Option<HostName>,
) -> Next {
    let host = name.map(|name| name.to_string()).unwrap_or_default();
    let what = format!("the name {host}");
    let refusal = Refusal::of_connection(Rule::NotListed, what, "no route is for this name");
    let subject = Subject {
        host,
        port: NAME_PORT,
        method: RESOLVE.to_owned(),
        ..Subject::default()
    };
    refuse_unread(shared, connection, head, subject, &refusal).await
}

fn closes(head: &Head) -> bool {
    head.close || head.framing != Framing::None
}

fn next(connection: Connection, answered: bool, close: bool) -> Next {
    match (answered, close) {
        (true, false) => Next::Keep(connection),
        (true, true) => Next::Close(connection),
        (false, _) => Next::Reset,
    }
}

/// The host that a query of `/resolve` names: one name, no address.
fn resolve_name(query: &Query) -> Option<HostName> {
    let mut names = query.values("name");
    let (name, None) = (names.next()?, names.next()) else {
        return None;
    };
    let name: HostName = name.parse().ok()?;
    name.address().is_none().then_some(name)
}

impl<'a> Resolved<'a> {
    /// Finds the route that decides about the name. That requests are allowed is not said by it.
    fn of(policy: &'a Policy, name: &'a HostName) -> Option<Self> {
        let route = policy.route(name)?;
        Some(Self {
            name: name.as_str(),
            ports: &route.plan().ports,
        })
    }
}

impl<'a> Allowlist<'a> {
    fn of(policy: &'a Policy) -> Self {
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
