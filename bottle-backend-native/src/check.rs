//! Before the agent runs: what a program of ours sees from inside, with all that holds an agent's program.

use std::time::Duration;

use bottle_backend::{BoxError, ExecCommand, LaunchError};
use bottle_guest::Channel;
use bottle_util::untrusted;
use bottle_wire::check::SelfCheck;

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
    let findings = match serde_json::from_slice::<SelfCheck>(&done.stdout) {
        Ok(report) => findings(&report, done.status),
        Err(_) => {
            let said = String::from_utf8_lossy(&done.stderr);
            let said = untrusted::line(said.trim());
            vec![format!(
                "the guest gave no report (status {}): {said}",
                done.status
            )]
        }
    };
    match findings.is_empty() {
        true => Ok(()),
        false => Err(LaunchError::SelfCheck { findings }),
    }
}

/// Anything but a whole report that says yes is a finding.
fn findings(report: &SelfCheck, status: i32) -> Vec<String> {
    let failures = report.failures();
    let mut findings: Vec<String> = failures
        .map(|failure| format!("{:?}: {}", failure.check, untrusted::line(&failure.found)))
        .collect();
    if findings.is_empty() && (!report.ok || status != 0) {
        findings.push(format!("the guest's report is not ok (status {status})"));
    }
    findings
}

fn step(source: BoxError) -> LaunchError {
    LaunchError::Step {
        step: "look at the guest from inside",
        source,
    }
}
