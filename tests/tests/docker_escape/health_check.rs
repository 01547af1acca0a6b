//! An image's own health check would run its program as the engine sees fit.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bottle_tests::harness::{Engine, Neighbour, Scene};

/// Waits for the engine's next event until the file is there.
fn wait_until_checked(engine: &Engine, container: &str) -> Result<()> {
    let limit = Instant::now() + Duration::from_secs(30);
    while Instant::now() < limit {
        let wait = "for i in $(seq 50); do test -e /tmp/checked && exit 0; sleep 0.1; done; exit 1";
        if engine.exec(container, "0:0", &["sh", "-c", wait])?.status == 0 {
            return Ok(());
        }
    }
    anyhow::bail!("the image's health check does not even run without a bottle")
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
