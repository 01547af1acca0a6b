//! Before the agent runs: what the relay's own binary sees inside, and what the engine says from outside.

use std::time::Duration;

use bollard::models::HostConfig;
use bollard::query_parameters::LogsOptionsBuilder;
use bottle_backend::{BoxError, LaunchError};
use bottle_plan::door::Door;
use bottle_util::untrusted;
use bottle_wire::check::SelfCheck;
use futures_util::TryStreamExt;

use crate::engine::Engine;
use crate::exec::{Collected, Exec, run};
use crate::spec::{RELAY, RELAY_USER, confirm, relay_arguments};

/// The most time that the guest may take to look at itself.
const LIMIT: Duration = Duration::from_secs(30);

/// Fails with all that was found when the guest is not shut in as it must be.
pub(crate) async fn self_check(
    engine: &Engine,
    agent: &str,
    doors: &[Door],
    asked: &HostConfig,
) -> Result<(), LaunchError> {
    let inside = async {
        match inside(engine, agent, doors).await {
            Ok(findings) => Ok(findings),
            Err(error) => ended(engine, agent)
                .await
                .map(|finding| vec![finding])
                .ok_or(error),
        }
    };
    let outside = async {
        let seen = engine.docker.inspect_container(agent, None).await;
        seen.map_err(|error| step(error.into()))
    };
    let (mut findings, container) = tokio::try_join!(inside, outside)?;
    findings.extend(confirm(&container, asked));
    match findings.is_empty() {
        true => Ok(()),
        false => Err(LaunchError::SelfCheck { findings }),
    }
}

async fn inside(engine: &Engine, agent: &str, doors: &[Door]) -> Result<Vec<String>, LaunchError> {
    let mut argv = vec![RELAY.to_owned(), "self-check".to_owned()];
    argv.extend(relay_arguments(doors));
    let exec = Exec {
        argv,
        user: RELAY_USER.to_owned(),
        env: Vec::new(),
        tty: false,
    };
    let done = tokio::time::timeout(LIMIT, run(engine, agent, &exec, &[])).await;
    let done = done.map_err(|_| step(format!("it did not end within {LIMIT:?}").into()))?;
    Ok(findings(&done.map_err(|error| step(error.into()))?))
}

/// Says why the relay has ended; none when it has not.
async fn ended(engine: &Engine, agent: &str) -> Option<String> {
    let seen = engine.docker.inspect_container(agent, None).await.ok()?;
    let state = seen.state.filter(|state| state.running != Some(true))?;
    let options = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .tail("5")
        .build();
    let lines: Vec<_> = engine
        .docker
        .logs(agent, Some(options))
        .try_collect()
        .await
        .ok()?;
    let said: String = lines.into_iter().map(|line| line.to_string()).collect();
    Some(format!(
        "the relay ended with status {} (killed for memory: {}) {}: {}",
        state.exit_code.unwrap_or(-1),
        state.oom_killed.unwrap_or(false),
        untrusted::line(&state.error.unwrap_or_default()),
        untrusted::line(said.trim())
    ))
}

/// Reads the relay's report. Anything but a whole one that says yes is a finding.
fn findings(done: &Collected) -> Vec<String> {
    let Ok(report) = serde_json::from_slice::<SelfCheck>(&done.stdout) else {
        let said = String::from_utf8_lossy(&done.stderr);
        return vec![format!(
            "the relay gave no report (status {}): {}",
            done.status,
            untrusted::line(said.trim())
        )];
    };
    let failures = report.failures();
    let mut findings: Vec<String> = failures
        .map(|failure| format!("{:?}: {}", failure.check, untrusted::line(&failure.found)))
        .collect();
    if findings.is_empty() && (!report.ok || done.status != 0) {
        findings.push(format!("the relay's report is not ok (status {})", done.status));
    }
    findings
}

fn step(source: BoxError) -> LaunchError {
    LaunchError::Step {
        step: "look at the guest from inside",
        source,
    }
}
