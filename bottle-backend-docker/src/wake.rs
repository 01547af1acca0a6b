//! A preserved guest, started without its doors.
//!
//! Its container is as it was made: no network, the relay as main process. Without a sidecar the relay's ports lead
//! nowhere, so nothing in the guest reaches anything.

use bottle_backend::{BoxError, EngineError, Host};
use bottle_plan::names::Identity;

use crate::bottle::DockerBottle;
use crate::engine::Engine;
use crate::halt::halt;
use crate::labels;
use crate::names::Names;
use crate::objects::{self, Object};
use crate::refused;
use crate::watch::{stop_if_attached, watch};

/// Starts a preserved guest, or takes one that is awake.
pub(crate) async fn wake(
    engine: &Engine,
    host: &Host,
    identity: &Identity,
) -> Result<DockerBottle, EngineError> {
    let objects = objects::list(engine, labels::filter(identity)).await;
    let mut objects = objects.map_err(|error| refused("look for the bottle", error))?;
    objects.retain(|object| object.is_container() && host.sees(&object.owner));
    let names = Names::of(identity);
    let named = |name: &str| objects.iter().find(|object| object.name == name);
    let absent = || EngineError::NotRunning(identity.clone());
    let agent = named(&names.agent).ok_or_else(absent)?;
    let guest = labels::read_guest(&agent.labels).ok_or_else(absent)?;
    if named(&names.sidecar).is_some_and(Object::is_running) {
        return Err(not_woken("its doors serve: it is not at rest"));
    }
    let started = engine.docker.start_container(&agent.id, None).await;
    started.map_err(|error| refused("wake the guest", error))?;
    match stop_if_attached(engine, &agent.id).await {
        Ok(true) => {}
        Ok(false) => return Err(not_woken("it ended at once")),
        Err(error) => {
            halt(engine, &agent.id).await?;
            return Err(refused("look at the guest", error));
        }
    }
    Ok(DockerBottle {
        engine: engine.clone(),
        host: host.clone(),
        identity: identity.clone(),
        agent: agent.id.clone(),
        sidecar: names.sidecar,
        guest,
        _watch: watch(engine, &agent.id),
    })
}

fn not_woken(why: impl Into<BoxError>) -> EngineError {
    EngineError::Refused {
        action: "wake the guest".to_owned(),
        source: why.into(),
    }
}
