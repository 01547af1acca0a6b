//! One route, compiled.

use std::collections::BTreeMap;

use bottle_plan::egress::{GuestAuth, HostPattern, Route};
use bottle_plan::names::TokenSlot;
use bottle_util::Secret;

use super::matching::CompiledMatch;
use super::{CompileError, Credential};
use crate::request::RequestFacts;

/// One route, compiled: what the plan says, and what is needed to act on it.
#[derive(Debug)]
pub struct CompiledRoute {
    id: u64,
    plan: Route,
    name: String,
    matches: Vec<CompiledMatch>,
    credential: Option<Credential>,
}

/// How a request came to be covered by a route's matches.
pub(crate) enum Coverage<'a> {
    /// The route has no matches: all of the host is allowed.
    Whole,
    /// By this entry.
    By(&'a CompiledMatch),
    /// By none.
    None,
}

impl CompiledRoute {
    pub(super) fn compile(
        route: &Route,
        tokens: &BTreeMap<TokenSlot, Secret>,
        id: u64,
    ) -> Result<Self, CompileError> {
        let entries = route.matches.iter();
        let matches = entries
            .map(|entry| CompiledMatch::compile(entry, &route.host))
            .collect::<Result<_, _>>()?;
        let credential = match &route.auth {
            Some(_) if route.host.exact().is_none() => {
                return Err(CompileError::WildcardCredential(route.host.clone()));
            }
            Some(auth) => Some(Credential::compile(auth, &route.host, tokens)?),
            None => None,
        };
        Ok(Self {
            id,
            name: route.host.to_string(),
            plan: route.clone(),
            matches,
            credential,
        })
    }

    /// Returns the route as the plan has it.
    #[must_use]
    pub const fn plan(&self) -> &Route {
        &self.plan
    }

    /// Returns the pattern of the hosts that the route covers, as events name it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what the route adds to its requests.
    #[must_use]
    pub const fn credential(&self) -> Option<&Credential> {
        self.credential.as_ref()
    }

    /// Returns a number that no other compiled route of this process has.
    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn strips_guest_credentials(&self) -> bool {
        self.plan.guest_auth == GuestAuth::Strip
    }

    /// Tells which entry of the matches covers a request.
    pub(crate) fn coverage(&self, facts: &RequestFacts<'_>) -> Coverage<'_> {
        if self.matches.is_empty() {
            return Coverage::Whole;
        }
        let entry = self.matches.iter().find(|entry| entry.covers(facts));
        entry.map_or(Coverage::None, Coverage::By)
    }

    /// Tells whether any of the matches looks at paths.
    pub(crate) fn reads_path(&self) -> bool {
        self.matches.iter().any(CompiledMatch::reads_path)
    }
}

impl Coverage<'_> {
    /// Returns the header fields whose values the policy itself has checked.
    pub(crate) fn header_names(&self) -> Vec<String> {
        match self {
            Self::By(entry) => entry.header_names().map(str::to_owned).collect(),
            Self::Whole | Self::None => Vec::new(),
        }
    }
}

/// The pattern of a route, for messages.
impl std::fmt::Display for CompiledRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        HostPattern::fmt(&self.plan.host, f)
    }
}
