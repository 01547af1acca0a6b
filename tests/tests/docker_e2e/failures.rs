//! Starts that cannot succeed: a readable reason, and nothing left.

use std::fs;

use anyhow::Result;
use bottle_tests::harness::{Finished, Scene, dist_folder};

use crate::QUICK;

#[track_caller]
fn assert_readable(finished: &Finished, status: i32, words: &[&str]) {
    assert_eq!(finished.status, status, "{finished:?}");
    for word in words {
        assert!(
            finished.stderr.contains(word),
            "no {word:?} in:\n{}",
            finished.stderr
        );
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

#[test]
fn without_the_static_programs_it_says_how_to_get_them() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("without_the_static_programs_it_says_how_to_get_them")? else {
        return Ok(());
    };
    let empty = scene.stage.home().to_string_lossy().into_owned();
    let finished = scene
        .start_with(&["--sidecar-dir", &empty], "exit 0")?
        .wait(QUICK)?;
    assert_readable(&finished, 69, &["bottle-sidecar", "cargo xtask dist"]);
    scene.assert_gone()
}

#[test]
fn a_sidecar_that_does_not_run_is_a_failed_start() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("a_sidecar_that_does_not_run_is_a_failed_start")? else {
        return Ok(());
    };
    // The engine packs and starts whatever lies there.
    let folder = scene.stage.home().join("programs");
    fs::create_dir(&folder)?;
    for (name, from) in [
        ("bottle-sidecar", "bottle-relay"),
        ("bottle-relay", "bottle-relay"),
    ] {
        fs::copy(dist_folder()?.join(from), folder.join(name))?;
    }
    let finished = scene
        .start_with(&["--sidecar-dir", &folder.to_string_lossy()], "exit 0")?
        .wait(QUICK)?;
    assert_readable(&finished, 69, &["sidecar"]);
    scene.assert_gone()
}

#[test]
fn a_broken_dockerfile_shows_what_the_build_said() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("a_broken_dockerfile_shows_what_the_build_said")? else {
        return Ok(());
    };
    let provider = "agent_provider: {template: demo, dockerfile: broken.Dockerfile}\n";
    scene.stage.write_bottle("broken", provider)?;
    let dockerfile = "FROM debian:bookworm-slim\nRUN echo the build speaks && exit 3\n";
    scene.stage.write("bottles/broken.Dockerfile", dockerfile)?;
    let finished = scene.start_with(&["--bottle", "broken"], "exit 0")?.wait(QUICK)?;
    assert_readable(&finished, 69, &["the build speaks", "3"]);
    scene.assert_gone()
}
