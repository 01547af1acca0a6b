//! A credential that must be nowhere in the guest, and nowhere in what the engine knows of either container.

use anyhow::{Result, ensure};
use bottle_tests::harness::{ALLOWED, Contents, Engine, Needle, Neighbour, Scene, Stage};

/// Searches all that the guest or the engine could hand out.
pub(crate) fn assert_nowhere(secret: &str, stage: &mut Stage, label: &str) -> Result<()> {
    let beside = stage.label("search");
    let needle = Needle::new(secret)?;
    let engine = stage.engine()?;
    let (agent, sidecar) = (format!("bottle-{label}-agent"), format!("bottle-{label}-sidecar"));
    let processes = environments_and_arguments(engine, &beside, &agent)?;
    ensure!(!needle.is_in(&processes)?, "a process of the guest holds it");
    for container in [&agent, &sidecar] {
        let inspected = engine.inspect(container)?;
        ensure!(
            !needle.is_in(&inspected)?,
            "the configuration of {container} holds it"
        );
        ensure!(
            !needle.is_in(&engine.logs(container)?)?,
            "the log of {container} holds it"
        );
        assert_not_in(&needle, engine, Contents::FilesOf(container))?;
    }
    for (container, path) in [(&agent, "/doors"), (&agent, "/home/node"), (&sidecar, "/events")] {
        assert_not_in(&needle, engine, Contents::Folder { container, path })?;
    }
    Ok(())
}

/// Searches the images of both containers, configuration and every layer.
pub(crate) fn assert_not_in_images(secret: &str, engine: &Engine, label: &str) -> Result<()> {
    let needle = Needle::new(secret)?;
    for part in ["agent", "sidecar"] {
        let image = image_of(engine, &format!("bottle-{label}-{part}"))?;
        assert_not_in(&needle, engine, Contents::Image(&image))?;
    }
    Ok(())
}

fn assert_not_in(needle: &Needle, engine: &Engine, contents: Contents<'_>) -> Result<()> {
    let found = needle.is_in_pieces(|take| engine.read(contents, take))?;
    ensure!(!found, "{contents:?} holds it");
    Ok(())
}

/// What every process of a container was started with, the relay and its own included.
fn environments_and_arguments(engine: &Engine, label: &str, container: &str) -> Result<String> {
    let beside = Neighbour {
        processes_of: Some(container.to_owned()),
        ..Neighbour::default()
    };
    let neighbour = engine.start_neighbour(label, &beside)?;
    let all = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline";
    let read = engine.exec(&neighbour, "0:0", &["sh", "-c", all])?;
    ensure!(
        read.stdout.contains("HTTPS_PROXY="),
        "the guest's processes are not seen: {read:?}"
    );
    Ok(read.stdout)
}

#[test]
fn the_credential_of_a_route_is_nowhere_in_the_guest() -> Result<()> {
    const TEST: &str = "the_credential_of_a_route_is_nowhere_in_the_guest";
    let Some(mut scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let echoed = scene.shell(&format!("curl -sS https://{ALLOWED}/echo | tee ~/echoed"))?;
    let sent = scene.upstream.requests().all();
    let credential = format!("Bearer {}", scene.token);
    assert!(
        sent.iter()
            .all(|request| request.header("authorization") == Some(&credential)),
        "{sent:?}"
    );
    // The upstream sends back what it was sent, the credential included.
    assert_eq!(echoed.status, 0, "{echoed:?}");
    assert!(!Needle::new(&scene.token)?.is_in(&echoed.stdout)?, "{echoed:?}");
    assert_nowhere(&scene.token, &mut scene.stage, &scene.label)?;
    assert_not_in_images(&scene.token, scene.engine()?, &scene.label)
}

fn image_of(engine: &Engine, container: &str) -> Result<String> {
    let inspected: serde_json::Value = serde_json::from_str(&engine.inspect(container)?)?;
    let image = inspected.get("Image").and_then(|image| image.as_str());
    Ok(image.unwrap_or_default().to_owned())
}
