//! Looks at a guest from inside, before the agent runs in it.
//!
//! Nothing of the guest's image is believed: no program of it is run, and the kernel is asked directly.

mod doors;
mod names;
mod probe;
mod reach;

use std::path::Path;
use std::time::Duration;

use bottle_wire::check::{Check, Finding, SelfCheck};

use super::arguments::Pair;
use super::network::Network;
pub use probe::Probe;

/// What a guest must be like.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The ports and sockets that must answer.
    pub pairs: &'a [Pair],
    /// Whether the relay must answer for names.
    pub transparent: bool,
    /// Interfaces besides `lo` that may be there.
    pub allowed: &'a [String],
    /// How long all doors together may take until they answer.
    pub patience: Duration,
}

/// Makes every check. `program` is this very program, which is run again for attempts that it may be killed for.
#[must_use]
pub fn self_check(expected: &Expected<'_>, program: &Path) -> SelfCheck {
    let mut findings = network(expected.allowed);
    findings.push(reach::nothing_outside());
    findings.extend(probe::nothing_opens(program));
    // The doors first: the relay may still be starting, and it is asked about names too.
    findings.push(doors::all_answer(expected.pairs, expected.patience));
    findings.push(names::nothing_resolves(expected.transparent));
    SelfCheck::new(findings)
}

fn network(allowed: &[String]) -> Vec<Finding> {
    let network = match Network::read() {
        Ok(network) => network,
        Err(error) => return vec![finding(Check::Interfaces, false, format!("unknown: {error}"))],
    };
    let interfaces = network.foreign_interfaces(allowed).is_empty();
    let routes = network.foreign_routes();
    let addresses = network.foreign_addresses();
    vec![
        finding(Check::Interfaces, interfaces, listed(&network.interfaces)),
        finding(Check::Routes, routes.is_empty(), listed(&routes)),
        finding(Check::Ipv6Addresses, addresses.is_empty(), listed(&addresses)),
    ]
}

fn finding(check: Check, ok: bool, found: impl Into<String>) -> Finding {
    Finding {
        check,
        ok,
        found: found.into(),
    }
}

/// Lists things for people; never empty.
fn listed(things: &[impl ToString]) -> String {
    match things {
        [] => "none".to_owned(),
        things => things
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}
