//! The decision about one request: a pure function over the policy and the request's facts.
//!
//! Read [`decide`] from top to bottom: the first "no" wins, and what no line allows is refused. It performs no IO,
//! keeps no state, and is the only place where a [`Permit`] is made.

mod content;
mod forge;
mod git;
mod permit;
mod refusal;
mod rule;

pub use permit::Permit;
pub use refusal::Refusal;
pub use rule::Rule;

use std::sync::Arc;

use bottle_plan::egress::WebSocketRule;
use hyper::Method;

use crate::policy::{CompiledRoute, Coverage, Policy};
use crate::request::{Authority, RequestFacts, Scheme, ServerName, Upgrade};

/// Decides about one request. Without a route that covers it, the answer is no.
///
/// ```
/// use bottle_egress::request::{Authority, CanonicalPath, Query, RequestFacts, Scheme, ServerName, Upgrade};
/// use bottle_egress::{Policy, Rule, decide};
///
/// let host = Authority::parse("api.example.com", Some(443))?;
/// let facts = RequestFacts {
///     scheme: Scheme::Https,
///     authority: &host,
///     server_name: ServerName::Named(host.host()),
///     host: &host,
///     method: &hyper::Method::GET,
///     path: &CanonicalPath::parse("/v1/models")?,
///     query: &Query::default(),
///     headers: &hyper::HeaderMap::new(),
///     upgrade: Upgrade::None,
///     body: Some(0),
///     content: None,
/// };
/// assert_eq!(decide(&Policy::default(), &facts).unwrap_err().rule(), Rule::NotListed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The refusal names the rule that said no.
pub fn decide(policy: &Policy, facts: &RequestFacts<'_>) -> Result<Permit, Refusal> {
    let refuse =
        |rule, route: Option<&Arc<CompiledRoute>>| Refusal::of(rule, facts, route.map(|route| route.name()));
    names_agree(facts).map_err(|rule| refuse(rule, None))?;
    let Some(route) = policy.route(facts.authority.host()) else {
        return Err(refuse(Rule::NotListed, None));
    };
    match judge(route, facts) {
        Ok(coverage) => Ok(Permit::new(policy, route, facts, &coverage)),
        Err(rule) => Err(refuse(rule, Some(route))),
    }
}

/// Decides about `CONNECT`, which opens nothing by itself: every request inside is decided again.
///
/// A tunnel to port 443 of any host is accepted, without dialling, so that the refusal can be said inside TLS, where
/// clients show it; other ports are accepted only where a route lists them.
///
/// # Errors
///
/// When the port is one that no request inside could reach.
pub fn decide_tunnel(policy: &Policy, authority: &Authority) -> Result<(), Refusal> {
    if authority.port() == Scheme::Https.default_port() {
        return Ok(());
    }
    match policy.route(authority.host()) {
        Some(route) if route.plan().ports.contains(&authority.port()) => Ok(()),
        Some(route) => Err(Refusal::of_tunnel(Rule::Port, authority, Some(route.name()))),
        None => Err(Refusal::of_tunnel(Rule::NotListed, authority, None)),
    }
}

/// Tells whether the decision depends on what the request's body says. Such a body is read before the decision, if it
/// is short; unread, it is taken for one that writes.
#[must_use]
pub fn depends_on_body(policy: &Policy, facts: &RequestFacts<'_>) -> bool {
    let may = *facts.method == Method::POST && (forge::is_graphql(facts) || git::is_batch(facts));
    let guarded = || {
        policy
            .route(facts.authority.host())
            .is_some_and(|route| !route.plan().git.api_write)
    };
    may && guarded()
}

/// What a route says about a request for one of its hosts.
fn judge<'a>(route: &'a CompiledRoute, facts: &RequestFacts<'_>) -> Result<Coverage<'a>, Rule> {
    port_is_listed(route, facts)?;
    travels_safely(route, facts)?;
    method_is_ordinary(facts)?;
    upgrade_is_known(route, facts)?;
    git::check(route, facts)?;
    forge::check(route, facts)?;
    path_has_one_reading(route, facts)?;
    let coverage = route.coverage(facts);
    if matches!(coverage, Coverage::None) {
        return Err(Rule::NoMatch);
    }
    signed_url_only_reads(route, facts)?;
    body_fits(route, facts)?;
    Ok(coverage)
}

/// The tunnel's target, the handshake's server name and the request's own host are one (no domain fronting).
fn names_agree(facts: &RequestFacts<'_>) -> Result<(), Rule> {
    let host = facts.authority.host();
    let handshake = match (facts.scheme, facts.server_name) {
        (Scheme::Http, ServerName::Plain) => true,
        (Scheme::Https, ServerName::Named(name)) => name == host && host.address().is_none(),
        (Scheme::Https, ServerName::Absent) => host.address().is_some(),
        _ => false,
    };
    if handshake && facts.host == facts.authority {
        return Ok(());
    }
    Err(Rule::HostMismatch)
}

fn port_is_listed(route: &CompiledRoute, facts: &RequestFacts<'_>) -> Result<(), Rule> {
    let listed = route.plan().ports.contains(&facts.authority.port());
    listed.then_some(()).ok_or(Rule::Port)
}

/// Plain text is for ports that the route lists and that are not TLS's own, and never carries a credential.
fn travels_safely(route: &CompiledRoute, facts: &RequestFacts<'_>) -> Result<(), Rule> {
    let tls_port = facts.authority.port() == Scheme::Https.default_port();
    match facts.scheme {
        Scheme::Http if tls_port || route.credential().is_some() => Err(Rule::PlainText),
        Scheme::Http | Scheme::Https => Ok(()),
    }
}

/// `CONNECT` inside a tunnel would be a second tunnel; `TRACE` sends back what was added to the request.
fn method_is_ordinary(facts: &RequestFacts<'_>) -> Result<(), Rule> {
    if facts.method == Method::CONNECT {
        return Err(Rule::NestedConnect);
    }
    if matches!(facts.method.as_str(), "TRACE" | "TRACK" | "DEBUG") {
        return Err(Rule::Method);
    }
    if facts.query.has_method_override() {
        return Err(Rule::MethodOverride);
    }
    Ok(())
}

fn upgrade_is_known(route: &CompiledRoute, facts: &RequestFacts<'_>) -> Result<(), Rule> {
    match (facts.upgrade, route.plan().websocket) {
        (Upgrade::None, _) => Ok(()),
        (Upgrade::WebSocket, WebSocketRule::Deny) => Err(Rule::WebSocketDenied),
        (Upgrade::WebSocket, WebSocketRule::Allow) => Err(Rule::WebSocketUnavailable),
        (Upgrade::Other, _) => Err(Rule::Upgrade),
    }
}

/// An encoded slash splits a path for some servers only; where the route looks at paths, that is one reading too many.
fn path_has_one_reading(route: &CompiledRoute, facts: &RequestFacts<'_>) -> Result<(), Rule> {
    if facts.path.has_encoded_separator() && route.reads_path() {
        return Err(Rule::EncodedSeparator);
    }
    Ok(())
}

/// A signed URL is a credential of the guest's; it comes with redirects to downloads, which are harmless.
fn signed_url_only_reads(route: &CompiledRoute, facts: &RequestFacts<'_>) -> Result<(), Rule> {
    if facts.query.has_signature() && route.strips_guest_credentials() && !is_safe(facts.method) {
        return Err(Rule::SignedWrite);
    }
    Ok(())
}

fn body_fits(route: &CompiledRoute, facts: &RequestFacts<'_>) -> Result<(), Rule> {
    match (route.plan().limits.body, facts.body) {
        (Some(most), Some(length)) if length > most.bytes() => Err(Rule::BodySize),
        _ => Ok(()),
    }
}

/// Tells whether a method only reads (RFC 9110, section 9.2.1).
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
pub(crate) mod tests;
