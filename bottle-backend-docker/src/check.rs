//! Before the agent runs: what the relay's own binary sees inside, and what the engine says from outside.

use std::io;
use std::time::Duration;

use bollard::models::HostConfig;
use bollard::query_parameters::LogsOptionsBuilder;
use bottle_backend::{BoxError, LaunchError};
use bottle_util::untrusted;
use bottle_wire::check::SelfCheck;
use futures_util::TryStreamExt;
use tokio::io::AsyncRead;

use crate::engine::{Engine, Frames, Stream, Upgraded};
use crate::spec::confirm;

/// The most time that the guest may take to look at itself.
const LIMIT: Duration = Duration::from_secs(60);
/// The most bytes of a report.
const MOST_REPORT: usize = 64 << 10;

/// Fails with all that was found when the guest is not shut in as it must be. Its relay says on `report` what it sees.
pub(crate) async fn self_check(
    engine: &Engine,
    agent: &str,
    report: Upgraded,
    asked: &HostConfig,
) -> Result<(), LaunchError> {
    let inside = async {
        match inside(report).await {
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

async fn inside(report: Upgraded) -> Result<Vec<String>, LaunchError> {
    let line = tokio::time::timeout(LIMIT, first_line(report)).await;
    let line = line.map_err(|_| step(format!("it did not end within {LIMIT:?}").into()))?;
    Ok(findings(&line.map_err(|error| step(error.into()))?))
}

/// Reads the first line of a relay's output, as much of it as may be.
async fn first_line(output: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut frames = Frames::new(output);
    let (mut piece, mut line) = (Vec::new(), Vec::new());
    while let Some(stream) = frames.next(&mut piece).await? {
        if stream == Stream::Stdout {
            line.extend_from_slice(&piece);
        }
        if line.contains(&b'\n') || line.len() > MOST_REPORT {
            return Ok(line);
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
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
fn findings(line: &[u8]) -> Vec<String> {
    let Ok(report) = serde_json::from_slice::<SelfCheck>(line) else {
        let said = String::from_utf8_lossy(line);
        return vec![format!(
            "the relay gave no report: {}",
            untrusted::line(said.trim())
        )];
    };
    let failures = report.failures();
    let mut findings: Vec<String> = failures
        .map(|failure| format!("{:?}: {}", failure.check, untrusted::line(&failure.found)))
        .collect();
    if findings.is_empty() && !report.ok {
        findings.push("the relay's report is not ok".to_owned());
    }
    findings
}

fn step(source: BoxError) -> LaunchError {
    LaunchError::Step {
        step: "look at the guest from inside",
        source,
    }
}
