//! `bottle doctor --guest`: which of a guest's toolchains trust the bottle's authority.

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::{Scene, Who};
use serde_json::Value;

use crate::QUICK;

#[test]
fn every_toolchain_of_a_guest_trusts_its_bottle() -> Result<()> {
    const TEST: &str = "every_toolchain_of_a_guest_trusts_its_bottle";
    for who in Who::all() {
        let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
            return Ok(());
        };
        let _running = scene.start_waiting()?;
        let doctor = scene
            .stage
            .run(&["doctor", "--guest", &scene.label, "--json"], QUICK)?;
        ensure!(doctor.status == 0, "{who:?}: {doctor:?}");
        let report: Value = serde_json::from_str(&doctor.stdout)?;
        let findings = report
            .get("findings")
            .and_then(Value::as_array)
            .context("no findings")?;
        let trusts = |name: &str| {
            findings
                .iter()
                .any(|finding| finding["what"] == name && finding["ok"] == true)
        };
        for name in ["curl", "git", "python3", "node", "java"] {
            let there = scene.shell(&format!("command -v {name}"))?.status == 0;
            ensure!(trusts(name) == there, "{who:?}: {name}: {doctor:?}");
        }
    }
    Ok(())
}

#[test]
fn a_toolchain_that_does_not_trust_its_bottle_is_named() -> Result<()> {
    const TEST: &str = "a_toolchain_that_does_not_trust_its_bottle_is_named";
    let more = "env: {CURL_HOME: /tmp}\n";
    let Some(scene) = Scene::native_or_skip(TEST, Who::Caller, more)? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    // A setting of the guest's own takes its trust away.
    let set = scene.shell("echo cacert=/dev/null > /tmp/.curlrc")?;
    ensure!(set.status == 0, "{set:?}");
    let doctor = scene.stage.run(&["doctor", "--guest", &scene.label], QUICK)?;
    ensure!(
        doctor.status != 0 && doctor.stdout.contains("FAIL curl"),
        "{doctor:?}"
    );
    Ok(())
}
