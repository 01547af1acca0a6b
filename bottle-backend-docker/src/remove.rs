//! Removal: by label, in the right order, as often as it takes.

use std::collections::HashMap;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder};

use crate::engine::{Engine, status};
use crate::objects::{self, Kind, Object};
use crate::workspace;

/// How often removal is tried: an engine is not always done with what it just let go of.
const ATTEMPTS: u32 = 12;

/// Removes every object that the filter and the choice name. None left is success, also when there was none.
pub(crate) async fn remove_all(
    engine: &Engine,
    filter: HashMap<String, Vec<String>>,
    chosen: impl Fn(&Object) -> bool,
) -> Result<(), Error> {
    let mut pause = Duration::from_millis(10);
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let mut objects = objects::list(engine, filter.clone()).await?;
        objects.retain(&chosen);
        if objects.is_empty() {
            return Ok(());
        }
        last = remove_each(engine, &objects).await;
        if last.is_some() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
    // Without an error every object was removed, and only the look after the last attempt is missing.
    last.map_or(Ok(()), Err)
}

async fn remove_each(engine: &Engine, objects: &[Object]) -> Option<Error> {
    let mut last = None;
    for object in objects {
        match remove(engine, object.kind, &object.id).await {
            Ok(()) => workspace::clear(&object.labels),
            Err(error) => last = Some(error),
        }
    }
    last
}

/// Removes one object; one that is gone already is no error.
pub(crate) async fn remove(engine: &Engine, kind: Kind, id: &str) -> Result<(), Error> {
    let result = match kind {
        Kind::Container { .. } => {
            let options = RemoveContainerOptionsBuilder::default()
                .force(true)
                .v(true)
                .build();
            engine.docker.remove_container(id, Some(options)).await
        }
        Kind::Volume => {
            let options = RemoveVolumeOptionsBuilder::default().force(true).build();
            engine.docker.remove_volume(id, Some(options)).await
        }
    };
    match result {
        Err(error) if status(&error) == Some(404) => Ok(()),
        other => other,
    }
}
