//! `bottle doctor --guest`: which of a guest's toolchains trust the bottle's authority.

use anyhow::{Result, ensure};
use bottle_tests::harness::Scene;
use bottle_tests::toolchains::each_trusts;

use crate::QUICK;
use crate::coder::WITH_BUILD;

#[test]
fn every_toolchain_of_an_image_trusts_its_bottle() -> Result<()> {
    const TEST: &str = "every_toolchain_of_an_image_trusts_its_bottle";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let more = "RUN apt-get update && apt-get install -y --no-install-recommends python3 ruby wget golang-go \
                && rm -rf /var/lib/apt/lists/*";
    let dockerfile = scene.continue_dockerfile("demo", more)?;
    let bottle = format!("agent_provider: {{template: demo, dockerfile: {dockerfile}}}\nsupervise: false\n");
    scene.stage.write_bottle("one", &bottle)?;
    let running = scene.start("run: echo the agent waits; exec sleep 3600")?;
    running.wait_for_stdout(WITH_BUILD, "\nthe agent waits")?;
    each_trusts(&scene, &["curl", "git", "python3", "ruby", "wget", "go"])
}

#[test]
fn a_program_that_does_not_trust_its_bottle_is_named() -> Result<()> {
    const TEST: &str = "a_program_that_does_not_trust_its_bottle_is_named";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let set =
        scene.shell("git config --global http.sslCAInfo /dev/null; echo cacert=/dev/null > ~/.curlrc")?;
    ensure!(set.status == 0, "{set:?}");
    let doctor = scene.stage.run(&["doctor", "--guest", &scene.label], QUICK)?;
    ensure!(
        doctor.status == 69 && doctor.stdout.contains("FAIL curl") && doctor.stdout.contains("ok   git"),
        "{doctor:?}"
    );
    Ok(())
}
