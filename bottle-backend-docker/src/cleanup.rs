//! What starts that never became ready have left behind.

use std::collections::HashMap;

use bottle_backend::{BottleState, CleanupPlan, CleanupReport, EngineError, Host, Leftover};

use crate::engine::Engine;
use crate::labels;
use crate::list::{by_bottle, state};
use crate::objects::{self, Kind, Object};
use crate::{image, refused, remove, workspace};

/// Finds it. A bottle that was ready once is never named, nor one whose command still runs.
pub(crate) async fn prepare(engine: &Engine, host: &Host) -> Result<CleanupPlan, EngineError> {
    let objects = objects::list(engine, labels::filter_all()).await;
    let mut objects = objects.map_err(|error| refused("look for leftovers", error))?;
    objects.retain(|object| host.owns(&object.owner));
    let mut plan = CleanupPlan::default();
    for (identity, objects) in by_bottle(objects) {
        let never_ready = matches!(state(&identity, &objects), None | Some(BottleState::Starting));
        if never_ready && !objects.iter().any(|object| host.is_alive(&object.owner)) {
            plan.leftovers.extend(objects.into_iter().map(leftover));
        }
    }
    Ok(plan)
}

fn leftover(object: Object) -> Leftover {
    Leftover {
        kind: match object.kind {
            Kind::Container { .. } => "container",
            Kind::Volume => "volume",
        },
        id: object.id,
        name: object.name,
        reason: "its start was not finished, and the command that began it is gone".to_owned(),
    }
}

/// Removes what a plan names, in its order.
pub(crate) async fn run(engine: &Engine, plan: &CleanupPlan) -> CleanupReport {
    let mut report = CleanupReport::default();
    for leftover in &plan.leftovers {
        if leftover.kind == image::KIND {
            match image::remove(engine, &leftover.id).await {
                Ok(()) => report.removed.push(leftover.clone()),
                Err(error) => report.failed.push((
                    leftover.clone(),
                    refused(&format!("remove {}", leftover.name), error),
                )),
            }
            continue;
        }
        let kind = match leftover.kind {
            "container" => Kind::Container { running: false },
            _ => Kind::Volume,
        };
        let labels = labels_of(engine, kind, &leftover.id).await;
        match remove::remove(engine, kind, &leftover.id).await {
            Ok(()) => {
                workspace::clear(&labels);
                report.removed.push(leftover.clone());
            }
            Err(error) => report.failed.push((
                leftover.clone(),
                refused(&format!("remove {}", leftover.name), error),
            )),
        }
    }
    report
}

async fn labels_of(engine: &Engine, kind: Kind, id: &str) -> HashMap<String, String> {
    match kind {
        Kind::Volume => HashMap::new(),
        Kind::Container { .. } => {
            let seen = engine.docker.inspect_container(id, None).await.ok();
            let config = seen.and_then(|seen| seen.config);
            config.and_then(|config| config.labels).unwrap_or_default()
        }
    }
}

/// The report when nothing could be tried.
pub(crate) fn nothing(plan: &CleanupPlan, error: EngineError) -> CleanupReport {
    let mut report = CleanupReport::default();
    report
        .failed
        .extend(plan.leftovers.first().map(|leftover| (leftover.clone(), error)));
    report
}
