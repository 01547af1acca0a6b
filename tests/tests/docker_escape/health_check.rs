//! An image's own health check would run its program as the engine sees fit.

use anyhow::{Result, ensure};
use bottle_tests::harness::{Engine, Neighbour, Scene};

/// Waits until the check of an image has run in a container of it.
fn wait_until_checked(engine: &Engine, container: &str) -> Result<()> {
    let wait = "for i in $(seq 300); do test -e /tmp/checked && exit 0; sleep 0.1; done; exit 1";
    let waited = engine.exec(container, "0:0", &["sh", "-c", wait])?;
    ensure!(
        waited.status == 0,
        "the image's health check does not even run without a bottle"
    );
    Ok(())
}

#[test]
fn healthcheck_never_runs() -> Result<()> {
    let Some(mut scene) = Scene::set_or_skip("healthcheck_never_runs")? else {
        return Ok(());
    };
    let dockerfile = scene.continue_dockerfile("demo", "HEALTHCHECK --interval=1s CMD touch /tmp/checked")?;
    let bottle = format!("agent_provider: {{template: demo, dockerfile: {dockerfile}}}\nsupervise: false\n");
    scene.stage.write_bottle("one", &bottle)?;
    let _running = scene.start_waiting()?;
    let inspected: serde_json::Value = serde_json::from_str(&scene.engine()?.inspect(&scene.agent())?)?;
    let image = inspected
        .get("Image")
        .and_then(|image| image.as_str())
        .unwrap_or_default()
        .to_owned();
    let label = scene.stage.label("twin");
    let twin = Neighbour {
        image,
        ..Neighbour::default()
    };
    let engine = scene.engine()?;
    let twin = engine.start_neighbour(&label, &twin)?;
    wait_until_checked(engine, &twin)?;
    // The bottle is older than the twin, so that its check would have run by now.
    let checked = scene.shell("test -e /tmp/checked")?;
    ensure!(checked.status == 1, "it ran: {checked:?}");
    let health = inspected
        .pointer("/Config/Healthcheck/Test")
        .map(ToString::to_string);
    assert_eq!(health.as_deref(), Some("[\"NONE\"]"));
    Ok(())
}
