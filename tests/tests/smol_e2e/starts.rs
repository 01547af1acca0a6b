//! Starts that must not succeed.

use std::fs;

use anyhow::{Result, ensure};
use bottle_tests::harness::Scene;

use crate::LIMIT;

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
