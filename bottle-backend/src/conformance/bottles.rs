//! Starting and ending bottles in bodies.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bottle_plan::names::Identity;
use bottle_plan::workspace::{Resources, WorkspaceSource};

use super::{Ability, Harness};
use crate::{Bottle, Canceller, ExecCommand, ExecOutput, Quiet, launch};

/// A bottle for one body.
pub struct Running {
    /// The handle on it.
    pub bottle: Box<dyn Bottle>,
}

/// Starts a bottle with an empty workspace.
pub async fn start(harness: &dyn Harness) -> Running {
    start_with(harness, WorkspaceSource::None, Resources::default()).await
}

/// Starts a bottle.
pub async fn start_with(harness: &dyn Harness, workspace: WorkspaceSource, resources: Resources) -> Running {
    let identity = fresh();
    let plan = harness.plan(&identity, workspace, resources);
    let (_canceller, cancel) = Canceller::new();
    let launched = launch(
        harness.backend(),
        &plan,
        harness.materials(&identity),
        &Quiet,
        cancel,
    )
    .await;
    Running {
        bottle: launched.unwrap_or_else(|error| panic!("{}", chain(&error))),
    }
}

impl Running {
    /// Runs a script of the agent's.
    pub async fn sh(&self, script: &str) -> ExecOutput {
        self.exec(&sh(script)).await
    }

    /// Runs a command to its end.
    pub async fn exec(&self, command: &ExecCommand) -> ExecOutput {
        let done = self.bottle.exec(command).await;
        done.unwrap_or_else(|error| panic!("{}", chain(&error)))
    }

    /// Runs a script that must end with 0 and print this.
    pub async fn prints(&self, script: &str, expected: &str) {
        let done = self.sh(script).await;
        assert_eq!(
            (done.status, text(&done.stdout).as_str()),
            (0, expected),
            "{script}: {}",
            text(&done.stderr)
        );
    }

    /// Ends it.
    pub async fn end(self) {
        let ended = self.bottle.close().await;
        ended.unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
}

/// Makes a name that no other body uses.
pub(super) fn fresh() -> Identity {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let identity = format!("conformance-{}-{number}", std::process::id())
        .parse()
        .unwrap_or_else(|error| panic!("{error}"));
    super::leaving::taken(&identity);
    identity
}

/// Makes a command of a shell script.
pub(super) fn sh(script: &str) -> ExecCommand {
    let command = ExecCommand::agent(["/bin/sh", "-c", script]);
    ExecCommand {
        limit: Duration::from_secs(30),
        ..command
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Says an error with all that lies under it.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text.push_str(": ");
        text.push_str(&error.to_string());
        below = error.source();
    }
    text
}

/// Says that a promise was not looked at here.
pub(super) fn lacks(harness: &dyn Harness, ability: Ability) -> bool {
    let lacks = !harness.has(ability);
    if lacks {
        println!("not shown here: it takes {ability:?}");
    }
    lacks
}
