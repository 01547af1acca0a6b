//! Starts that must not succeed.

use std::fs;

use anyhow::{Result, ensure};
use bottle_tests::harness::Scene;

use crate::{LIMIT, machines};

#[test]
fn two_machines_of_one_name_cannot_be() -> Result<()> {
    let Some(scene) = Scene::machine_or_skip("two_machines_of_one_name_cannot_be")? else {
        return Ok(());
    };
    // At once, and then beside one that is there.
    let at_once = [scene.start("run: sleep 3600")?, scene.start("run: sleep 3600")?];
    let one = scene.start("run: true")?.wait(LIMIT)?;
    ensure!(one.status != 0, "{one:?}");
    let there = machines(&scene)?;
    ensure!(there.len() <= 1, "{there:?}");
    let stopped = scene.stage.run(&["stop", "--discard", &scene.label], LIMIT)?;
    let mut refused = 0;
    for running in at_once {
        let ended = running.wait(LIMIT)?;
        refused += usize::from(ended.stderr.contains(&scene.label) && ended.stderr.contains("taken"));
    }
    ensure!(refused == 1, "{refused} were refused; {stopped:?}");
    let there = machines(&scene)?;
    ensure!(there.is_empty(), "{there:?}");
    Ok(())
}

/// The archive is one, and holds no image that smolvm could take.
#[test]
fn a_start_that_fails_tells_smolvms_own_reason() -> Result<()> {
    let Some(scene) = Scene::machine_or_skip("a_start_that_fails_tells_smolvms_own_reason")? else {
        return Ok(());
    };
    let image = scene.stage.bottle_home().join("images/demo.tar");
    fs::remove_file(&image)?;
    fs::write(&image, [0; 10_240])?;
    let failed = scene.start("run: true")?.wait(LIMIT)?;
    ensure!(failed.status != 0, "{failed:?}");
    ensure!(failed.stderr.contains("manifest.json"), "{failed:?}");
    let left: Vec<_> = fs::read_dir(scene.stage.bottle_home().join("smol"))?.collect();
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}
