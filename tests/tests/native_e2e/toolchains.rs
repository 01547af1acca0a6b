//! `bottle doctor --guest`: which of a guest's toolchains trust the bottle's authority.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::{Scene, Who};
use bottle_tests::toolchains::each_trusts;

use crate::QUICK;

/// Has programs found in the working folder.
const FOUND: &str = "env: {PATH: '/home/node/workspace:/usr/local/bin:/usr/bin:/bin'}\n";
/// What cargo 1.65 of Debian 12 does.
const OLD: &str =
    "#!/bin/sh\necho 'error: usage of sparse registries requires `-Z sparse-registry`' >&2\nexit 101\n";

#[test]
fn every_toolchain_of_a_guest_trusts_its_bottle() -> Result<()> {
    const TEST: &str = "every_toolchain_of_a_guest_trusts_its_bottle";
    for who in Who::all() {
        let Some(scene) = Scene::native_or_skip(TEST, *who, FOUND)? else {
            return Ok(());
        };
        // What built this test, where an agent finds it: this host keeps it in somebody's home.
        fs::copy(env!("CARGO"), scene.stage.directory().join("cargo"))?;
        let _running = scene.start_waiting_with(&["--cwd"])?;
        each_trusts(&scene, &["curl", "git", "cargo"]).with_context(|| format!("{who:?}"))?;
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

#[test]
fn a_cargo_that_knows_no_sparse_registry_is_not_tried() -> Result<()> {
    const TEST: &str = "a_cargo_that_knows_no_sparse_registry_is_not_tried";
    let Some(scene) = Scene::native_or_skip(TEST, Who::Caller, FOUND)? else {
        return Ok(());
    };
    let cargo = scene.stage.directory().join("cargo");
    fs::write(&cargo, OLD)?;
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755))?;
    let _running = scene.start_waiting_with(&["--cwd"])?;
    let doctor = scene.stage.run(&["doctor", "--guest", &scene.label], QUICK)?;
    ensure!(
        doctor.status == 0
            && doctor
                .stdout
                .contains("there, and not tried: error: usage of sparse"),
        "{doctor:?}"
    );
    Ok(())
}
