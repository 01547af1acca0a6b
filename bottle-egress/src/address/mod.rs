//! Which addresses a permitted request may reach.

mod global;

use std::net::{IpAddr, SocketAddr};

pub use global::is_global;

use crate::decide::{Permit, Refusal, Rule};
use crate::limits;

/// Addresses that have passed the check for one permit. Nothing else can be dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedAddresses(Vec<SocketAddr>);

impl CheckedAddresses {
    /// Checks every address that a resolver gave for the permitted host; one bad answer spoils all.
    ///
    /// # Errors
    ///
    /// When there is no answer, or one of them is not globally reachable, or the host's own, and the route does not
    /// name it.
    pub fn check(permit: &Permit, answers: &[IpAddr]) -> Result<Self, Refusal> {
        if answers.is_empty() || answers.len() > limits::ADDRESSES {
            return Err(permit.refuse(Rule::Unresolved));
        }
        match answers.iter().find(|address| !is_allowed(permit, **address)) {
            Some(_) => Err(permit.refuse(Rule::Address)),
            None => Ok(Self::all(answers, permit.authority().port())),
        }
    }

    /// Takes the address that is itself the permitted host: only a route that names it exactly can have allowed it.
    #[must_use]
    pub fn literal(permit: &Permit) -> Option<Self> {
        let address = permit.authority().host().address()?;
        Some(Self::all(&[address], permit.authority().port()))
    }

    /// Takes the address that the policy gives for the permitted host and port, where it gives one.
    #[must_use]
    pub fn given(permit: &Permit) -> Option<Self> {
        permit.given_address().map(|address| Self(vec![address]))
    }

    /// Returns the addresses in the order in which they are tried.
    pub fn iter(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().copied()
    }

    fn all(answers: &[IpAddr], port: u16) -> Self {
        let tried = answers.iter().take(limits::ADDRESSES_TRIED);
        Self(tried.map(|address| SocketAddr::new(*address, port)).collect())
    }
}

fn is_allowed(permit: &Permit, address: IpAddr) -> bool {
    let plain = global::embedded(address).unwrap_or(address);
    let names = |address: &IpAddr| {
        permit
            .route()
            .addresses
            .iter()
            .any(|range| range.contains(address))
    };
    if names(&address) || names(&plain) {
        return true;
    }
    let own = permit.own_addresses();
    let is_own = own
        .iter()
        .any(|own| global::embedded(*own).unwrap_or(*own) == plain);
    !is_own && is_global(address)
}

#[cfg(test)]
mod tests;
