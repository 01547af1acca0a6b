//! A preserved bottle, taken up again.

use anyhow::Result;
use bottle_tests::harness::{ALLOWED, Finished, Object, Scene};

use crate::QUICK;

/// Runs an agent that leaves work and is preserved for it.
fn preserved(test: &str) -> Result<Option<Scene>> {
    let Some(scene) = Scene::set_or_skip(test)? else {
        return Ok(None);
    };
    let ask = format!("curl -sS -o /dev/null https://{ALLOWED}/first");
    let running = scene.start_with(&["--cwd"], &format!("must: echo mine > new && {ask}"))?;
    let finished = running.wait(QUICK)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    assert!(finished.stderr.contains("bottle resume"), "{finished:?}");
    Ok(Some(scene))
}

fn resume(scene: &Scene, script: &str) -> Result<Finished> {
    let fixed = ["resume", &scene.label, "--yes", "--headless", "--prompt", script];
    scene.stage.run(&fixed, QUICK)
}

fn is_at_rest(scene: &Scene) -> Result<bool> {
    let objects = scene.engine()?.objects(&scene.label)?;
    let runs = |object: &Object| matches!(object, Object::Container { running: true, .. });
    Ok(!objects.is_empty() && !objects.iter().any(runs))
}

#[test]
fn a_preserved_bottle_goes_on_with_its_files_its_session_and_its_events() -> Result<()> {
    const TEST: &str = "a_preserved_bottle_goes_on_with_its_files_its_session_and_its_events";
    let Some(scene) = preserved(TEST)? else {
        return Ok(());
    };
    let ask = format!("curl -sS -o /dev/null https://{ALLOWED}/second");
    let finished = resume(&scene, &format!("must: grep -q mine new && {ask}"))?;
    assert_eq!(finished.status, 0, "{finished:?}");
    assert!(
        finished.stdout.contains("session 2 in this bottle"),
        "{finished:?}"
    );
    assert!(is_at_rest(&scene)?);
    let asked: Vec<_> = scene.upstream.requests().all();
    let with_token = |path: &str| {
        let bearer = format!("Bearer {}", scene.token);
        let mut of_path = asked.iter().filter(|request| request.path == path);
        of_path.all(|request| request.header("authorization") == Some(&bearer)) && !asked.is_empty()
    };
    assert!(with_token("/first") && with_token("/second"), "{asked:?}");
    // One chain over both sessions: `log` verifies it.
    let events = scene.events()?;
    let text = serde_json::to_string(&events)?;
    assert!(text.contains("/first") && text.contains("/second"), "{text}");
    Ok(())
}

#[test]
fn what_a_resumed_agent_may_reach_is_what_the_bottle_says_now() -> Result<()> {
    const TEST: &str = "what_a_resumed_agent_may_reach_is_what_the_bottle_says_now";
    let Some(scene) = preserved(TEST)? else {
        return Ok(());
    };
    let closed = "agent_provider: {template: demo}\nsupervise: false\n";
    scene.stage.write_bottle("one", closed)?;
    let ask = format!("curl -sS -o /dev/null -w '%{{http_code}}' https://{ALLOWED}/later");
    let finished = resume(&scene, &format!("run: {ask}"))?;
    assert!(finished.stdout.contains("403"), "{finished:?}");
    let asked = scene.upstream.requests().all();
    assert!(!asked.iter().any(|request| request.path == "/later"), "{asked:?}");
    Ok(())
}

#[test]
fn a_resume_that_fails_leaves_the_bottle_at_rest_with_its_files() -> Result<()> {
    const TEST: &str = "a_resume_that_fails_leaves_the_bottle_at_rest_with_its_files";
    let Some(scene) = preserved(TEST)? else {
        return Ok(());
    };
    let guest = format!("bottle-{}-agent", scene.label);
    let spoil = scene.stage.write("bottles/no-ca.pem", "no certificate")?;
    let broken = format!(
        "agent_provider: {{template: demo}}
supervise: false
egress:
  routes: [{{host: {ALLOWED}}}]
  upstream_ca: [{{host: {ALLOWED}, file: {}}}]
",
        spoil.display()
    );
    scene.stage.write_bottle("one", &broken)?;
    let failed = resume(&scene, "run: true")?;
    assert_ne!(failed.status, 0, "{failed:?}");
    assert!(is_at_rest(&scene)?, "{failed:?}");
    assert!(scene.engine()?.inspect(&guest).is_ok());
    scene
        .stage
        .write_bottle("one", "agent_provider: {template: demo}\nsupervise: false\n")?;
    let finished = resume(&scene, "must: grep -q mine new")?;
    assert_eq!(finished.status, 0, "{finished:?}");
    Ok(())
}

#[test]
fn a_running_bottle_and_one_that_never_was_cannot_be_resumed() -> Result<()> {
    const TEST: &str = "a_running_bottle_and_one_that_never_was_cannot_be_resumed";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let nothing = resume(&scene, "run: true")?;
    assert_eq!(nothing.status, 64, "{nothing:?}");
    let _running = scene.start_waiting()?;
    let still = resume(&scene, "run: true")?;
    assert_eq!(still.status, 64, "{still:?}");
    assert!(
        still.stderr.contains("still runs") && still.stderr.contains("bottle exec"),
        "{still:?}"
    );
    Ok(())
}
