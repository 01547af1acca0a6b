//! A bottle whose programs are those of an image that an engine exported once.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::{Contents, Engine, Neighbour, Scene, Stage, Who};

use crate::QUICK;

const DOCKERFILE: &str = "own.Dockerfile";

#[test]
fn an_exported_image_is_what_the_guest_sees() -> Result<()> {
    const TEST: &str = "an_exported_image_is_what_the_guest_sees";
    for who in Who::all() {
        let Some(scene) = Scene::native_or_skip(TEST, *who, "")? else {
            return Ok(());
        };
        let provider =
            format!("agent_provider: {{template: demo, dockerfile: {DOCKERFILE}}}\nsupervise: false\n");
        scene.stage.write_bottle("one", &provider)?;
        let dockerfile = scene
            .stage
            .write(&format!("bottles/{DOCKERFILE}"), "FROM debian:bookworm-slim\n")?;
        let refused = scene.start("exit 0")?.wait(QUICK)?;
        ensure!(
            refused.status != 0 && refused.stderr.contains("docker export"),
            "{who:?}: {refused:?}"
        );
        let Some(engine) = Engine::connect_or_skip(TEST)? else {
            return Ok(());
        };
        export(engine, &dockerfile.with_file_name(format!("{DOCKERFILE}.rootfs")))?;
        let script = "must: test -x /bin/bash && ! test -e /usr/bin/node && ! test -e /usr/bin/java && id -un\n\
                      must: ! touch /usr/here 2> /dev/null";
        let finished = scene.run(script)?;
        ensure!(
            finished.status == 0 && finished.stdout.contains("\nnode\n"),
            "{who:?}: {finished:?}"
        );
    }
    Ok(())
}

/// Unpacks the files of a container of the base image.
fn export(engine: Engine, folder: &std::path::Path) -> Result<()> {
    let mut stage = Stage::with_engine(engine)?;
    let label = stage.label("export");
    let engine = stage.engine()?;
    let container = engine.start_neighbour(&label, &Neighbour::default())?;
    std::fs::create_dir(folder)?;
    let mut tar = Command::new("tar")
        .args(["-x", "--exclude=dev", "-C"])
        .arg(folder)
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot start tar")?;
    let mut pipe = tar.stdin.take().context("tar has no input")?;
    engine.read(Contents::FilesOf(&container), &mut |piece: &[u8]| {
        Ok(pipe.write_all(piece)?)
    })?;
    drop(pipe);
    ensure!(tar.wait()?.success(), "tar failed");
    Ok(())
}
