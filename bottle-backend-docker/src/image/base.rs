//! The images that a Dockerfile starts from.
//!
//! Read only well enough to notice that one of them has changed: the builder itself decides what they mean.

use std::collections::BTreeSet;

use bottle_backend::LaunchError;

use super::step;
use crate::engine::{Engine, unless_missing};

/// Returns each base image with its id, sorted. One that is not here is the builder's to fetch.
pub(super) async fn ids(engine: &Engine, dockerfile: &str) -> Result<Vec<String>, LaunchError> {
    let mut ids = Vec::new();
    for name in names(dockerfile) {
        let image = unless_missing(engine.docker.inspect_image(&name).await);
        let image = image.map_err(|error| step("look for a base image", error))?;
        let id = image
            .and_then(|image| image.id)
            .unwrap_or_else(|| "absent".to_owned());
        ids.push(format!("{name}={id}"));
    }
    Ok(ids)
}

/// Returns the names of images in `FROM` lines that are neither a stage of the file nor computed.
pub(super) fn names(dockerfile: &str) -> BTreeSet<String> {
    let mut stages = BTreeSet::from(["scratch".to_owned()]);
    let mut names = BTreeSet::new();
    for line in dockerfile.lines() {
        let mut words = line.split_whitespace();
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("from")) {
            continue;
        }
        let mut words = words.skip_while(|word| word.starts_with("--"));
        let Some(image) = words.next() else { continue };
        if !stages.contains(&image.to_ascii_lowercase()) && is_reference(image) {
            names.insert(image.to_owned());
        }
        if let (Some(_as), Some(stage)) = (words.next(), words.next()) {
            stages.insert(stage.to_ascii_lowercase());
        }
    }
    names
}

/// The name becomes part of a request's path.
fn is_reference(name: &str) -> bool {
    name.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._-:/@".contains(&b))
        && !name.contains("..")
}
