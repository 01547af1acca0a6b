//! What exists, as the engine says it.

use std::collections::BTreeMap;

use bottle_backend::{ActiveBottle, BottleState, EngineError, Host};
use bottle_plan::names::Identity;

use crate::bottle::DockerBottle;
use crate::engine::Engine;
use crate::halt::halt;
use crate::labels::{self, Part};
use crate::names::Names;
use crate::objects::{self, Object};
use crate::refused;
use crate::watch::{stop_if_attached, watch};

/// Lists the bottles of this user, machine and home.
pub(crate) async fn bottles(engine: &Engine, host: &Host) -> Result<Vec<ActiveBottle>, EngineError> {
    let objects = objects::list(engine, labels::filter_all()).await;
    let mut objects = objects.map_err(|error| refused("list bottles", error))?;
    objects.retain(|object| host.sees(&object.owner));
    Ok(by_bottle(objects)
        .into_iter()
        .filter_map(|(identity, objects)| {
            let state = state(&identity, &objects)?;
            // A preserved bottle that was started again has a new owner in its sidecar alone.
            let sidecar = objects.iter().find(|object| object.part == Part::Sidecar);
            let owner = sidecar.or(objects.first()).map(|object| object.owner.clone())?;
            Some(ActiveBottle {
                identity,
                state,
                attended: host.is_alive(&owner),
                owner,
            })
        })
        .collect())
}

/// Groups objects, the containers first.
pub(crate) fn by_bottle(objects: Vec<Object>) -> BTreeMap<Identity, Vec<Object>> {
    let mut bottles: BTreeMap<Identity, Vec<Object>> = BTreeMap::new();
    for object in objects {
        bottles
            .entry(object.owner.identity.clone())
            .or_default()
            .push(object);
    }
    bottles
}

/// Says how a bottle is; none for one of which only volumes are left.
pub(crate) fn state(identity: &Identity, objects: &[Object]) -> Option<BottleState> {
    let containers = || objects.iter().filter(|object| object.is_container());
    containers().next()?;
    let names = Names::of(identity);
    let Some(agent) = containers().find(|object| object.name == names.agent) else {
        return Some(BottleState::Starting);
    };
    let sidecar_runs = containers().any(|object| object.part == Part::Sidecar && object.is_running());
    Some(match (agent.is_running(), sidecar_runs) {
        (true, true) => BottleState::Running,
        (true, false) | (false, true) => BottleState::Degraded,
        (false, false) => BottleState::Preserved,
    })
}

/// Stops a guest that a start which failed has taken up again, and whose sidecar is gone.
pub(crate) async fn stop_without_sidecar(
    engine: &Engine,
    host: &Host,
    identity: &Identity,
) -> Result<(), EngineError> {
    let objects = objects::list(engine, labels::filter(identity)).await;
    let mut objects = objects.map_err(|error| refused("look for the bottle", error))?;
    objects.retain(|object| object.is_container() && host.owns(&object.owner));
    if let [agent] = objects.as_slice()
        && agent.part == Part::Agent
        && agent.is_running()
    {
        halt(engine, &agent.id).await?;
    }
    Ok(())
}

/// Takes a bottle up again that runs, or whose guest was halted and whose doors still serve.
pub(crate) async fn open(
    engine: &Engine,
    host: &Host,
    identity: &Identity,
) -> Result<DockerBottle, EngineError> {
    let objects = objects::list(engine, labels::filter(identity)).await;
    let mut objects = objects.map_err(|error| refused("look for the bottle", error))?;
    objects.retain(|object| host.sees(&object.owner));
    let names = Names::of(identity);
    let named = |name: &str| {
        objects
            .iter()
            .find(|object| object.is_container() && object.name == name)
    };
    let absent = || EngineError::NotRunning(identity.clone());
    let serves = named(&names.sidecar).is_some_and(Object::is_running);
    let agent = named(&names.agent)
        .filter(|agent| agent.is_running() || serves)
        .ok_or_else(absent)?;
    let guest = labels::read_guest(&agent.labels).ok_or_else(absent)?;
    let runs = stop_if_attached(engine, &agent.id).await;
    if !runs.map_err(|error| refused("look at the guest", error))? && !serves {
        return Err(absent());
    }
    Ok(DockerBottle {
        engine: engine.clone(),
        host: host.clone(),
        identity: identity.clone(),
        agent: agent.id.clone(),
        // A sidecar that is gone makes its part of the handle fail, and no other.
        sidecar: named(&names.sidecar).map_or(names.sidecar, |sidecar| sidecar.id.clone()),
        guest,
        _watch: watch(engine, &agent.id),
    })
}
