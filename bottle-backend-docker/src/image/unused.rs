//! Images of ours that nothing is made from any more.

use std::collections::{HashMap, HashSet};

use bollard::errors::Error;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder,
};
use bottle_backend::Leftover;

use crate::engine::{Engine, unless_missing};

/// What such a leftover is.
pub(crate) const KIND: &str = "image";
/// The label that each of our images has, and whatever was built upon one.
const LABEL: &str = "bottle.image";

/// Finds them, by their names. Who shares an engine shares them: they hold nothing of anybody's.
pub(crate) async fn unused(engine: &Engine) -> Result<Vec<Leftover>, Error> {
    let filters = HashMap::from([("label".to_owned(), vec![LABEL.to_owned()])]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let images = engine.docker.list_images(Some(options)).await?;
    // Whatever is made from them counts, whoever made it. Asked last, so that no start in between is missed.
    let options = ListContainersOptionsBuilder::default().all(true).build();
    let containers = engine.docker.list_containers(Some(options)).await?;
    let used: HashSet<_> = containers.into_iter().filter_map(|one| one.image_id).collect();
    let unused = images.into_iter().filter(|image| !used.contains(&image.id));
    let tags = unused.flat_map(|image| {
        let megabytes = image.size / 1_000_000;
        let tags = image.repo_tags.into_iter();
        tags.map(move |tag| (tag, megabytes))
    });
    let mut found: Vec<_> = tags
        .filter(|(tag, _)| is_ours(tag))
        .map(|(tag, megabytes)| leftover(tag, megabytes))
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Removes one by its name. The engine refuses where something is made from it meanwhile.
pub(crate) async fn remove(engine: &Engine, tag: &str) -> Result<(), Error> {
    let options = RemoveImageOptionsBuilder::default().force(false).build();
    let removed = engine.docker.remove_image(tag, Some(options), None).await;
    unless_missing(removed).map(drop)
}

/// Tells whether we give such names: what somebody else built upon an image of ours is theirs.
fn is_ours(tag: &str) -> bool {
    ["bottle-agent-", "bottle-sidecar:", "bottle-sidecar-git:"]
        .iter()
        .any(|ours| tag.starts_with(ours))
}

fn leftover(tag: String, megabytes: i64) -> Leftover {
    Leftover {
        kind: KIND,
        id: tag.clone(),
        name: tag,
        reason: format!("no bottle is made from it ({megabytes} MB, some of it shared with others)"),
    }
}
