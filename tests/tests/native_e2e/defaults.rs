//! Namespaces are what a machine without an engine uses, and its user is told so.

use anyhow::{Result, ensure};
use bottle_tests::harness::{ALLOWED, Scene, Who};

use crate::QUICK;

#[test]
fn without_an_engine_bottles_run_in_namespaces() -> Result<()> {
    const TEST: &str = "without_an_engine_bottles_run_in_namespaces";
    for who in Who::all() {
        let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
            return Ok(());
        };
        let dry = scene.stage.run(&["start", "tester", "--dry-run"], QUICK)?;
        ensure!(dry.status == 0, "{who:?}: {dry:?}");
        let doctor = scene.stage.run(&["doctor"], QUICK)?;
        ensure!(
            doctor.status == 0
                && doctor.stdout.contains("FAIL backend docker")
                && doctor.stdout.contains("ok   backend native"),
            "{who:?}: {doctor:?}"
        );
        let script = format!("must: curl -sS --fail https://{ALLOWED}/echo; echo; id -u; hostname");
        let finished = scene.run(&script)?;
        ensure!(finished.status == 0, "{who:?}: {finished:?}");
        ensure!(
            finished.stdout.contains(&format!("\n1000\n{}\n", scene.label)),
            "{who:?}: {finished:?}"
        );
        let asked = scene.upstream.requests().all();
        let credential = format!("Bearer {}", scene.token);
        ensure!(
            asked
                .iter()
                .any(|request| request.header("authorization") == Some(&credential)),
            "{who:?}: {asked:?}"
        );
    }
    Ok(())
}

#[test]
fn work_that_is_left_is_kept_and_gone_on_with() -> Result<()> {
    const TEST: &str = "work_that_is_left_is_kept_and_gone_on_with";
    for who in Who::all() {
        let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
            return Ok(());
        };
        let finished = scene.run("must: echo work > file")?;
        ensure!(finished.status == 0, "{who:?}: {finished:?}");
        let listed = scene.stage.run(&["list"], QUICK)?;
        ensure!(listed.stdout.contains("preserved"), "{who:?}: {listed:?}");
        let again = [
            "resume",
            &scene.label,
            "--headless",
            "--yes",
            "--prompt",
            "must: cat file",
        ];
        let resumed = scene.stage.run(&again, QUICK)?;
        ensure!(
            resumed.status == 0 && resumed.stdout.contains("work\n"),
            "{who:?}: {resumed:?}"
        );
        let stopped = scene.stage.run(&["stop", "--discard", &scene.label], QUICK)?;
        ensure!(stopped.status == 0, "{who:?}: {stopped:?}");
    }
    Ok(())
}
