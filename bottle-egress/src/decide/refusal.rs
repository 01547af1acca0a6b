//! What was refused, and whether asking could help.

use std::borrow::Cow;

use super::{Permit, Rule};
use crate::request::{Authority, RequestFacts, Scheme};

/// A refusal, in words that the agent can use. It holds no secret and nothing of another bottle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    rule: Rule,
    what: String,
    host: String,
    route: Option<String>,
    detail: Option<Cow<'static, str>>,
}

impl Refusal {
    pub(crate) fn of(rule: Rule, facts: &RequestFacts<'_>, route: Option<&str>) -> Self {
        let target = url(facts.scheme, facts.authority, facts.path.as_sent());
        Self {
            rule,
            what: format!("{} {target}", facts.method),
            host: facts.authority.host().to_string(),
            route: route.map(str::to_owned),
            detail: None,
        }
    }

    pub(super) fn of_tunnel(rule: Rule, authority: &Authority, route: Option<&str>) -> Self {
        Self {
            rule,
            what: format!("CONNECT {authority}"),
            host: authority.host().to_string(),
            route: route.map(str::to_owned),
            detail: None,
        }
    }

    pub(super) fn after(rule: Rule, permit: &Permit) -> Self {
        let path = permit.target().split('?').next().unwrap_or_default();
        let target = url(permit.scheme(), permit.authority(), path);
        Self {
            rule,
            what: format!("{} {target}", permit.method()),
            host: permit.authority().host().to_string(),
            route: Some(permit.rule().to_owned()),
            detail: None,
        }
    }

    /// Makes the refusal of something that never became a request.
    pub(crate) fn of_connection(rule: Rule, what: String, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            rule,
            what,
            host: String::new(),
            route: None,
            detail: Some(detail.into()),
        }
    }

    /// Adds what exactly was wrong.
    #[must_use]
    pub(crate) fn because(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Returns what was refused: a method and a URL without its query.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Returns the pattern of the route that decided; none where there is no route.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.route.as_deref()
    }

    /// Says why in one sentence.
    #[must_use]
    pub fn reason(&self) -> Cow<'static, str> {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.rule.reason()).into(),
            None => self.rule.reason().into(),
        }
    }

    /// Says how asking could help, where it could.
    #[must_use]
    pub fn how_to_ask(&self) -> Option<String> {
        let host = &self.host;
        match self.rule {
            Rule::NotListed => Some(format!(
                "ask for it with the tool request_egress, if you have it; or a person adds a route for {host} to the \
                 bottle's egress.routes"
            )),
            Rule::Port | Rule::NoMatch | Rule::BodySize | Rule::Rate | Rule::SignedWrite => Some(format!(
                "a person can widen the route for {host} in the bottle's egress.routes"
            )),
            Rule::GitFetch => Some(format!(
                "a person can set git: {{fetch: true}} on the route for {host}"
            )),
            Rule::ForgeWrite => Some(format!(
                "a person can set git: {{api_write: true}} on the route for {host}"
            )),
            Rule::Address => Some(format!(
                "a person can name the address in addresses of the route for {host}"
            )),
            _ => None,
        }
    }
}

fn url(scheme: Scheme, authority: &Authority, path: &str) -> String {
    let host = authority.host_field(scheme.default_port());
    format!("{}://{host}{path}", scheme.as_str())
}
