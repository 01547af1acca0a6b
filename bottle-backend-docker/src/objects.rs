//! What bottles are made of, as the engine lists it. Whose it is, the caller has to ask.

use std::collections::HashMap;

use bollard::errors::Error;
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptionsBuilder};
use bottle_backend::Owner;

use crate::engine::Engine;
use crate::labels::{self, Part};

/// A container or volume of a bottle's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    /// What the engine knows it by.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) owner: Owner,
    pub(crate) part: Part,
    pub(crate) labels: HashMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Container { running: bool },
    Volume,
}

impl Object {
    pub(crate) fn is_running(&self) -> bool {
        self.kind == Kind::Container { running: true }
    }

    pub(crate) fn is_container(&self) -> bool {
        matches!(self.kind, Kind::Container { .. })
    }
}

/// Lists what bottles are made of, containers first, in the order in which it can be removed.
pub(crate) async fn list(
    engine: &Engine,
    filter: HashMap<String, Vec<String>>,
) -> Result<Vec<Object>, Error> {
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&filter)
        .build();
    let containers = engine.docker.list_containers(Some(options)).await?;
    let options = ListVolumesOptionsBuilder::default().filters(&filter).build();
    let volumes = engine.docker.list_volumes(Some(options)).await?;
    let volumes = volumes
        .volumes
        .unwrap_or_default()
        .into_iter()
        .filter_map(|volume| {
            let (owner, part) = labels::read(&volume.labels)?;
            Some(Object {
                kind: Kind::Volume,
                id: volume.name.clone(),
                name: volume.name,
                owner,
                part,
                labels: volume.labels,
            })
        });
    let mut objects: Vec<_> = containers
        .into_iter()
        .filter_map(container)
        .chain(volumes)
        .collect();
    objects.sort_by_key(|object| {
        let place = Part::ALL.iter().position(|part| *part == object.part);
        (!object.is_container(), place)
    });
    Ok(objects)
}

fn container(summary: ContainerSummary) -> Option<Object> {
    let labels = summary.labels.unwrap_or_default();
    let (owner, part) = labels::read(&labels)?;
    let names = summary.names.unwrap_or_default();
    let name = names.first().map(|name| name.trim_start_matches('/').to_owned());
    let running = matches!(
        summary.state,
        Some(ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::PAUSED)
    );
    Some(Object {
        kind: Kind::Container { running },
        id: summary.id?,
        name: name?,
        owner,
        part,
        labels,
    })
}
