//! From a start to what is left of it.

use anyhow::{Context, Result};
use bottle_tests::harness::{ALLOWED, Object, Scene};

use crate::QUICK;

#[test]
fn a_run_that_went_well_leaves_nothing() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("a_run_that_went_well_leaves_nothing")? else {
        return Ok(());
    };
    let finished = scene.run("run: echo $((6 * 7))")?;
    assert_eq!(finished.status, 0, "{finished:?}");
    assert!(finished.stdout.contains("\n42\n"), "{finished:?}");
    scene.assert_gone()
}

#[test]
fn the_agents_own_status_is_passed_through_and_its_files_are_kept() -> Result<()> {
    const TEST: &str = "the_agents_own_status_is_passed_through_and_its_files_are_kept";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let finished = scene.run("exit 7")?;
    assert_eq!(finished.status, 7, "{finished:?}");
    assert!(finished.stderr.contains(&scene.label), "{finished:?}");
    let runs = |object: &Object| matches!(object, Object::Container { running: true, .. });
    let kept = scene.engine()?.objects(&scene.label)?;
    assert!(!kept.is_empty() && !kept.iter().any(runs), "{kept:?}");
    assert_eq!(state_of(&scene)?, "preserved");
    let discarded = scene.stage.run(&["stop", "--discard", &scene.label], QUICK)?;
    assert_eq!(discarded.status, 0, "{discarded:?}");
    scene.assert_gone()
}

#[test]
fn work_that_is_nowhere_else_is_kept() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("work_that_is_nowhere_else_is_kept")? else {
        return Ok(());
    };
    std::fs::write(scene.stage.directory().join("old"), "from the host")?;
    let running = scene.start_with(&["--cwd"], "must: grep -q host old && echo mine > new")?;
    let finished = running.wait(QUICK)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    assert_eq!(state_of(&scene)?, "preserved");
    assert!(!scene.stage.directory().join("new").exists());
    Ok(())
}

#[test]
fn a_copy_that_was_only_read_is_not_kept() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("a_copy_that_was_only_read_is_not_kept")? else {
        return Ok(());
    };
    std::fs::write(scene.stage.directory().join("old"), "from the host")?;
    let finished = scene
        .start_with(&["--cwd"], "must: grep -q host old")?
        .wait(QUICK)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    scene.assert_gone()
}

#[test]
fn every_decision_is_written_down() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("every_decision_is_written_down")? else {
        return Ok(());
    };
    let script = format!(
        "must: curl -sS --fail https://{ALLOWED}/status/200\nrun: curl -sS https://forbidden.example/x"
    );
    let finished = scene.start_with(&["--keep"], &script)?.wait(QUICK)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    let events = scene.events()?;
    let decided = |host: &str| {
        let mut requests = events.iter().map(|line| &line["event"]["what"]["request"]);
        requests.find(|request| request["host"] == host).cloned()
    };
    let allowed = decided(ALLOWED).context("the allowed request is missing")?;
    assert_eq!(
        (&allowed["verdict"], &allowed["status"]),
        (&"allowed".into(), &200.into())
    );
    let refused = decided("forbidden.example").context("the refused request is missing")?;
    assert_eq!(
        (&refused["verdict"], &refused["status"]),
        (&"refused".into(), &403.into())
    );
    Ok(())
}

#[test]
fn the_time_limit_ends_a_run() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("the_time_limit_ends_a_run")? else {
        return Ok(());
    };
    let finished = scene
        .start_with(&["--time-limit", "1s"], "run: sleep 3600")?
        .wait(QUICK)?;
    assert_eq!(finished.status, 75, "{finished:?}");
    assert!(finished.stderr.contains("time limit"), "{finished:?}");
    Ok(())
}

/// The state that `list` shows of the scene's bottle.
pub(crate) fn state_of(scene: &Scene) -> Result<String> {
    let listed = scene.stage.run(&["list", "--json"], QUICK)?;
    assert_eq!(listed.status, 0, "{listed:?}");
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout)?;
    let bottles = listed.get("bottles").and_then(|bottles| bottles.as_array());
    let bottles = bottles.context("no bottles")?;
    let bottle = bottles
        .iter()
        .find(|bottle| bottle.get("identity").is_some_and(|name| *name == *scene.label));
    let state = bottle.and_then(|bottle| bottle.get("state")?.as_str());
    Ok(state
        .with_context(|| format!("{listed} does not have it"))?
        .to_owned())
}
