//! What users with smolvm get: the real `bottle` command, microVMs, a real agent program.

mod agents;
mod killing;
mod starts;

use std::time::Duration;

use anyhow::{Result, ensure};
use bottle_tests::harness::Scene;
use serde_json::Value;

/// How long anything may take: in an emulated host a machine starts in half a minute, and the first one of an image with
/// an agent of 300 MB takes more than seven.
const LIMIT: Duration = Duration::from_secs(1200);

/// What smolvm knows of machines of a scene's user and home.
fn machines(scene: &Scene) -> Result<Vec<Value>> {
    let mut smolvm = scene.stage.another_command("smolvm")?;
    let listed = smolvm.args(["machine", "ls", "--json"]).output()?;
    ensure!(listed.status.success(), "{listed:?}");
    Ok(serde_json::from_slice(&listed.stdout)?)
}
