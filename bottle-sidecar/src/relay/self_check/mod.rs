//! Looks at a guest from inside, before the agent runs in it.
//!
//! Nothing of the guest's image is believed: no program of it is run, and the kernel is asked directly.

mod doors;
mod names;
mod probe;
mod reach;

use std::io;
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
    /// Whether the guest has a kernel of its own, whose calls lead nowhere.
    pub own_kernel: bool,
    /// How long all doors together may take until they answer.
    pub patience: Duration,
}

/// Makes every check. `program` is this very program, which is run again for attempts that it may be killed for.
#[must_use]
pub fn self_check(expected: &Expected<'_>, program: &Path) -> SelfCheck {
    let mut findings = network(expected.allowed);
    findings.push(reach::nothing_outside());
    // What waits for others goes on beside what works.
    let (opened, doors, names) = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            // The doors first: the relay may still be starting, and it is asked about names too.
            let doors = doors::all_answer(expected.pairs, expected.patience);
            (doors, names::nothing_resolves(expected.transparent))
        });
        let opened = match expected.own_kernel {
            false => probe::nothing_opens(program).into(),
            true => vec![probe::no_raw_socket(program)],
        };
        let lost = |_| {
            let lost = |check| finding(check, false, "unknown: the look at it did not end");
            (lost(Check::Doors), lost(Check::Names))
        };
        let (doors, names) = waiting.join().unwrap_or_else(lost);
        (opened, doors, names)
    });
    findings.extend(opened);
    findings.extend([doors, names]);
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

/// Reads again where only a signal broke it off: the end of an attempt's process does, even while nobody handles it, and
/// one that is taken for an answer would hide who answers.
fn until_uninterrupted(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
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
