//! What `bottle doctor --guest` says of a guest's toolchains, beside what is there.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::harness::Scene;

/// All that are tried.
const NAMES: [&str; 9] = [
    "curl", "wget", "git", "python3", "node", "java", "cargo", "go", "ruby",
];
/// Each takes some seconds at most, one after the other.
const LIMIT: Duration = Duration::from_secs(120);

/// Makes sure that those are named that are there, and no others, that each trusts its bottle, and that these are there.
pub fn each_trusts(scene: &Scene, expected: &[&str]) -> Result<()> {
    let doctor = scene
        .stage
        .run(&["doctor", "--guest", &scene.label, "--json"], LIMIT)?;
    ensure!(doctor.status == 0, "{doctor:?}");
    let report: Value = serde_json::from_str(&doctor.stdout)?;
    let findings = report
        .get("findings")
        .and_then(Value::as_array)
        .context("no findings")?;
    let mut named = BTreeSet::new();
    for finding in findings {
        ensure!(finding["ok"] == true, "{finding}");
        let name = finding["what"].as_str().context("a finding of nothing")?;
        let detail = finding["detail"].as_str().context("a finding without words")?;
        ensure!(
            !expected.contains(&name) || detail.starts_with("trusts"),
            "{finding}"
        );
        named.insert(name);
    }
    let mut there = BTreeSet::new();
    for name in NAMES {
        if scene.shell(&format!("command -v {name}"))?.status == 0 {
            there.insert(name);
        }
    }
    ensure!(named == there, "{named:?} are named, {there:?} are there");
    ensure!(expected.iter().all(|name| there.contains(name)), "{there:?}");
    Ok(())
}
