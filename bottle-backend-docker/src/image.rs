//! Images: built from a Dockerfile, or packed from two binaries. The same content is made once.

mod archive;
mod base;
mod build;
mod context;
mod git_gate;
mod making;
mod progress;
mod session;
mod sidecar;
#[cfg(test)]
mod tests;
mod unused;

pub(crate) use archive::archive;
pub(crate) use git_gate::ensure_git_image;
pub(crate) use making::Making;
pub(crate) use sidecar::ensure_sidecar_image;
pub(crate) use unused::{KIND, remove, unused};

use std::path::Path;

use bottle_backend::{LaunchError, Progress};
use bottle_plan::BottlePlan;
use bottle_plan::image::ImageSource;

use crate::engine::{Engine, unless_missing};
use context::Context;

/// Returns the engine's id of the image that a plan's guest is made from, after building it if need be.
pub(crate) async fn ensure_agent_image(
    engine: &Engine,
    plan: &BottlePlan,
    build_ca: Option<&Path>,
    progress: &dyn Progress,
) -> Result<String, LaunchError> {
    let context = match &plan.image.source {
        ImageSource::Committed { reference } => return committed(engine, reference).await,
        ImageSource::Provider { dockerfile } => Context::of_text(dockerfile, &[]),
        ImageSource::BottleOverride(files) | ImageSource::Manifest(files) | ImageSource::Plugin(files) => {
            Context::read(files)
        }
    }
    .map_err(|error| step("read the build's files", error))?;
    let bases = base::ids(engine, &context.dockerfile).await?;
    let tag = format!("bottle-agent-{}:{}", plan.provider.template, context.hash(&bases));
    if let Some(id) = find(engine, &tag).await? {
        return Ok(id);
    }
    let _alone = engine.making.of(&tag).await;
    if let Some(id) = find(engine, &tag).await? {
        return Ok(id);
    }
    progress.step("building the agent's image");
    build::build(engine, &context, &tag, build_ca, progress).await?;
    let id = find(engine, &tag).await?;
    id.ok_or_else(|| refused("the image is not there after its build".to_owned()))
}

async fn committed(engine: &Engine, reference: &str) -> Result<String, LaunchError> {
    let id = find(engine, reference).await?;
    id.ok_or_else(|| refused(format!("the committed image {reference} is gone")))
}

/// Returns an image's id. An image that would mount volumes of its own is refused.
async fn find(engine: &Engine, reference: &str) -> Result<Option<String>, LaunchError> {
    let found = unless_missing(engine.docker.inspect_image(reference).await);
    let Some(image) = found.map_err(|error| step("look for an image", error))? else {
        return Ok(None);
    };
    let volumes = image.config.and_then(|config| config.volumes).unwrap_or_default();
    if !volumes.is_empty() {
        let reason = format!("it declares volumes of its own: {}", volumes.join(", "));
        return Err(refused(reason));
    }
    Ok(image.id)
}

fn refused(reason: String) -> LaunchError {
    LaunchError::Image {
        reason,
        log: Vec::new(),
    }
}

fn step(step: &'static str, error: impl Into<bottle_backend::BoxError>) -> LaunchError {
    LaunchError::Step {
        step,
        source: error.into(),
    }
}
