//! The proof that a request was allowed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bottle_plan::egress::Route;
use hyper::Method;

use super::{Refusal, Rule};
use crate::policy::{CompiledRoute, Coverage, Policy};
use crate::request::{Authority, RequestFacts, Scheme};

/// The proof that one request was allowed, with everything that was decided about it.
///
/// Only [`decide`](super::decide) makes one, and sending a request consumes it.
#[derive(Debug)]
pub struct Permit {
    route: Arc<CompiledRoute>,
    authority: Authority,
    scheme: Scheme,
    method: Method,
    target: String,
    checked_headers: Vec<String>,
    own_addresses: Arc<[IpAddr]>,
    given: Option<SocketAddr>,
}

impl Permit {
    pub(super) fn new(
        policy: &Policy,
        route: &Arc<CompiledRoute>,
        facts: &RequestFacts<'_>,
        coverage: &Coverage<'_>,
    ) -> Self {
        Self {
            route: Arc::clone(route),
            authority: facts.authority.clone(),
            scheme: facts.scheme,
            method: facts.method.clone(),
            target: target(route, facts),
            checked_headers: coverage.header_names(),
            own_addresses: Arc::clone(policy.own_addresses()),
            given: policy.given_address(facts.authority),
        }
    }

    /// Returns the route that allowed the request, as the plan has it.
    #[must_use]
    pub fn route(&self) -> &Route {
        self.route.plan()
    }

    /// Returns the host and port that may be reached.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns how the request travels.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path and query that are sent.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the pattern of the route.
    #[must_use]
    pub fn rule(&self) -> &str {
        self.route.name()
    }

    /// Makes the refusal of what was allowed so far: an address, a rate or the upstream itself said no.
    pub(crate) fn refuse(&self, rule: Rule) -> Refusal {
        Refusal::after(rule, self)
    }

    pub(crate) const fn compiled(&self) -> &Arc<CompiledRoute> {
        &self.route
    }

    pub(crate) const fn given_address(&self) -> Option<SocketAddr> {
        self.given
    }

    pub(crate) fn own_addresses(&self) -> &[IpAddr] {
        &self.own_addresses
    }

    /// Tells whether the policy has checked the value of a header field.
    pub(crate) fn has_checked_header(&self, name: &str) -> bool {
        self.checked_headers.iter().any(|checked| checked == name)
    }
}

/// What was checked is what is sent: the canonical path, and the query without the guest's keys.
fn target(route: &CompiledRoute, facts: &RequestFacts<'_>) -> String {
    let query = match facts.query.has_key() && route.strips_guest_credentials() {
        true => facts.query.without_keys(),
        false => facts.query.as_str().to_owned(),
    };
    let mut target = String::with_capacity(facts.path.as_sent().len() + 1 + query.len());
    target.push_str(facts.path.as_sent());
    if !query.is_empty() {
        target.push('?');
        target.push_str(&query);
    }
    target
}
