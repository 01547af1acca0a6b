//! Before the agent runs: what a program of ours sees from inside, with all that holds an agent's program.

use std::time::Duration;

use bottle_backend::{BoxError, ExecCommand, LaunchError};
use bottle_guest::Channel;

use crate::exec::collected;
use crate::record::GuestRecord;
use crate::tree::RELAY;

/// The most time that the guest may take to look at itself.
const LIMIT: Duration = Duration::from_secs(30);

/// Fails with all that was found when the guest is not shut in as it must be.
pub(crate) async fn self_check(
    channel: &Channel,
    guest: &GuestRecord,
    relay: &[String],
) -> Result<(), LaunchError> {
    let words = [RELAY.to_owned(), "self-check".to_owned()];
    let command = ExecCommand {
        limit: LIMIT,
        ..ExecCommand::agent(words.into_iter().chain(relay.iter().cloned()))
    };
    let done = collected(channel, guest, &command)
        .await
        .map_err(|error| step(error.into()))?;
    bottle_host::self_checked(&done)
}

fn step(source: BoxError) -> LaunchError {
    LaunchError::Step {
        step: "look at the guest from inside",
        source,
    }
}
