//! The harness sees and removes in the engine what carries a bottle's label, and nothing else.

use std::time::Duration;

use anyhow::{Context, Result};
use bollard::Docker;
use bollard::models::{ContainerCreateBody, VolumeCreateRequest};
use bottle_tests::escape::{Attempted, attempt_program};
use bottle_tests::harness::{Contents, Engine, Needle, Neighbour, Object, Stage};

const LIMIT: Duration = Duration::from_secs(30);

/// A running container and a volume that look as if a bottle had left them.
async fn leave_behind(identity: &str) -> Result<()> {
    let docker = Docker::connect_with_local_defaults()?.negotiate_version().await?;
    let labels = [("bottle.identity".to_owned(), identity.to_owned())];
    let volume = VolumeCreateRequest {
        name: Some(format!("bottle-{identity}-doors")),
        labels: Some(labels.clone().into()),
        ..VolumeCreateRequest::default()
    };
    docker.create_volume(volume).await?;
    let container = ContainerCreateBody {
        image: Some("debian:bookworm-slim".to_owned()),
        cmd: Some(
            ["sh", "-c", "echo started; exec sleep 600"]
                .map(str::to_owned)
                .into(),
        ),
        labels: Some(labels.into()),
        ..ContainerCreateBody::default()
    };
    let id = docker.create_container(None, container).await?.id;
    Ok(docker.start_container(&id, None).await?)
}

fn leave(identity: &str) -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(leave_behind(identity))
}

#[test]
fn a_stage_removes_what_its_labels_name() -> Result<()> {
    let Some(engine) = Engine::connect_or_skip("a_stage_removes_what_its_labels_name")? else {
        return Ok(());
    };
    let mut stage = Stage::with_engine(engine)?;
    let label = stage.label("left");
    leave(&label)?;
    let objects = stage.engine()?.objects(&label)?;
    assert_eq!(objects.len(), 2, "{objects:?}");
    drop(stage);
    let engine = Engine::connect_or_skip("again")?.context("the engine is gone")?;
    engine.wait_until_gone(&label, LIMIT)
}

#[test]
fn a_container_is_looked_into() -> Result<()> {
    let Some(engine) = Engine::connect_or_skip("a_container_is_looked_into")? else {
        return Ok(());
    };
    let mut stage = Stage::with_engine(engine)?;
    let label = stage.label("look");
    leave(&label)?;
    let engine = stage.engine()?;
    let objects = engine.objects(&label)?;
    let container = objects.iter().find_map(|object| match object {
        Object::Container { name, running: true } => Some(name),
        _ => None,
    });
    let container = container.context("no running container")?;
    let finished = engine.exec(container, "nobody", &["sh", "-c", "id -un; echo no >&2; exit 3"])?;
    assert_eq!(
        (finished.status, &*finished.stdout, &*finished.stderr),
        (3, "nobody\n", "no\n")
    );
    assert!(engine.inspect(container)?.contains(&label));
    assert_eq!(engine.logs(container)?, "started\n");
    assert!(engine.gateway()?.is_ipv4());
    Ok(())
}

/// The attempts of the escape suite are worth something only if they succeed where there are no walls.
#[test]
fn an_attempt_gets_through_in_a_neighbour_without_walls() -> Result<()> {
    const TEST: &str = "an_attempt_gets_through_in_a_neighbour_without_walls";
    let Some(engine) = Engine::connect_or_skip(TEST)? else {
        return Ok(());
    };
    let Some(program) = attempt_program(TEST)?.map(std::fs::read).transpose()? else {
        return Ok(());
    };
    let mut stage = Stage::with_engine(engine)?;
    let label = stage.label("walls");
    let engine = stage.engine()?;
    let neighbour = engine.start_neighbour(&label, &Neighbour::default())?;
    engine.put(&neighbour, "/attempt", &program, 0o755)?;
    let attempt =
        |argv: &[&str]| Attempted::of(&engine.exec(&neighbour, "0:0", &[&["/attempt"], argv].concat())?);
    assert_eq!(attempt(&["root"])?, Attempted::Through);
    assert_eq!(attempt(&["tcp", "127.0.0.1", "9"])?, Attempted::Refused);
    assert!(attempt(&["nonsense"]).is_err());
    assert!(engine.address(&neighbour)?.is_ipv4());
    Ok(())
}

#[test]
fn a_needle_is_found_in_the_files_of_a_container() -> Result<()> {
    let Some(engine) = Engine::connect_or_skip("a_needle_is_found_in_the_files_of_a_container")? else {
        return Ok(());
    };
    let mut stage = Stage::with_engine(engine)?;
    let label = stage.label("hay");
    let engine = stage.engine()?;
    let neighbour = engine.start_neighbour(&label, &Neighbour::default())?;
    engine.put(&neighbour, "/opt/left", b"TOKEN=sk-test-0123456789", 0o600)?;
    let folder = Contents::Folder {
        container: &neighbour,
        path: "/opt",
    };
    for contents in [Contents::FilesOf(&neighbour), folder] {
        let find = |secret: &str| Needle::new(secret)?.is_in_pieces(|take| engine.read(contents, take));
        assert!(find("sk-test-0123456789")?, "{contents:?}");
        assert!(!find("sk-test-9876543210")?, "{contents:?}");
    }
    Ok(())
}
