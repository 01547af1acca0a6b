//! Notices a network that somebody gives to a running guest.

use std::time::Duration;

use super::arguments::Watch;
use super::network::Network;

/// How often the kernel is asked.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// Waits until the guest has a network, and says what was found. A kernel that does not answer counts as one.
pub(super) async fn network_appears(watch: &Watch) -> Vec<String> {
    let Watch::Network(allowed) = watch else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let found = found(allowed);
        if !found.is_empty() {
            return found;
        }
    }
}

fn found(allowed: &[String]) -> Vec<String> {
    let network = match Network::read() {
        Ok(network) => network,
        Err(error) => return vec![format!("unknown ({error})")],
    };
    let interfaces = network.foreign_interfaces(allowed);
    let interfaces = interfaces.into_iter().map(|name| format!("interface {name}"));
    let routes = network.foreign_routes();
    interfaces
        .chain(routes.into_iter().map(|name| format!("a route through {name}")))
        .collect()
}
