//! The policy in the form that decisions are made by: compiled once, then only read.

mod credential;
mod error;
mod matching;
mod route;

pub use credential::Credential;
pub use error::CompileError;
pub use route::CompiledRoute;
pub(crate) use route::Coverage;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bottle_plan::egress::{EgressPlan, HostName, HostPattern, LogDetail};
use bottle_plan::names::TokenSlot;
use bottle_util::Secret;

use crate::request::Authority;

/// Everything that decisions are made by.
#[derive(Debug, Default)]
pub struct Policy {
    exact: HashMap<String, Arc<CompiledRoute>>,
    below: HashMap<String, Arc<CompiledRoute>>,
    given: HashMap<Authority, SocketAddr>,
    own_addresses: Arc<[IpAddr]>,
    log: LogDetail,
    plan: EgressPlan,
}

impl Policy {
    /// Compiles a plan with the credentials that its routes name and the host's own addresses.
    ///
    /// # Errors
    ///
    /// When two routes cover the same pattern, a credential is missing, unusable or given to a wildcard, or a match
    /// cannot be compiled.
    pub fn compile(
        plan: EgressPlan,
        tokens: &BTreeMap<TokenSlot, Secret>,
        own_addresses: &[IpAddr],
    ) -> Result<Self, CompileError> {
        let mut policy = Self {
            own_addresses: own_addresses.into(),
            log: plan.log,
            ..Self::default()
        };
        for route in &plan.routes {
            policy.add(CompiledRoute::compile(route, tokens, next_id())?)?;
        }
        let overrides = plan.resolve.iter();
        policy.given = overrides
            .map(|given| (Authority::new(given.host.clone(), given.port), given.target))
            .collect();
        policy.plan = plan;
        Ok(policy)
    }

    /// Returns the one route that decides about a host: the exact one, else that with the longest wildcard.
    #[must_use]
    pub fn route(&self, host: &HostName) -> Option<&Arc<CompiledRoute>> {
        if let Some(route) = self.exact.get(host.as_str()) {
            return Some(route);
        }
        if host.address().is_some() || self.below.is_empty() {
            return None;
        }
        let dots = host.as_str().match_indices('.');
        let mut domains = dots.filter_map(|(at, _)| host.as_str().get(at + 1..));
        domains.find_map(|domain| self.below.get(domain))
    }

    /// Returns the plan that the policy was compiled from. It holds no secret.
    #[must_use]
    pub const fn plan(&self) -> &EgressPlan {
        &self.plan
    }

    /// Returns how much events say.
    #[must_use]
    pub const fn log(&self) -> LogDetail {
        self.log
    }

    pub(crate) fn given_address(&self, authority: &Authority) -> Option<SocketAddr> {
        self.given.get(authority).copied()
    }

    pub(crate) const fn own_addresses(&self) -> &Arc<[IpAddr]> {
        &self.own_addresses
    }

    fn add(&mut self, route: CompiledRoute) -> Result<(), CompileError> {
        let (table, key) = match &route.plan().host {
            HostPattern::Exact(host) => (&mut self.exact, host.as_str()),
            HostPattern::Below(domain) => (&mut self.below, domain.as_str()),
        };
        match table.contains_key(key) {
            true => Err(CompileError::TwoRoutes(route.plan().host.clone())),
            false => {
                let key = key.to_owned();
                table.insert(key, Arc::new(route));
                Ok(())
            }
        }
    }
}

/// Numbers every compiled route of the process, so that nothing of one policy is taken for another's.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
