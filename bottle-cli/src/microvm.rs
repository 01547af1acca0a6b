//! What the backend of microVMs needs of this host: the installed smolvm, and archives of images.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bottle_backend::{Availability, Backend as _, LaunchError, LaunchMaterials, Progress};
use bottle_backend_docker::DockerBackend;
use bottle_backend_smol::{Images, SmolConfig, Smolvm};
use bottle_plan::BottlePlan;
use bottle_plan::image::ImageSource;
use bottle_util::Secret;

use crate::Host;

const PROGRAM: &str = "smolvm";
/// What smolvm reads by itself: where its user's files are, and where the programs that it starts.
const VARIABLES: [&str; 2] = ["HOME", "PATH"];
/// Its own settings, all of them the user's.
const SETTINGS: &str = "SMOLVM_";
/// What is put behind a Dockerfile's name, or a provider's.
const BEHIND: &str = ".tar";

/// Returns what the backend of microVMs works with.
pub(crate) fn config(host: &Host, engine: Arc<DockerBackend>) -> SmolConfig {
    let folder = host.bottle_home.join("smol");
    SmolConfig {
        smolvm: smolvm(host),
        images: Arc::new(Archives {
            own: host.bottle_home.join("images"),
            saved: host.bottle_home.join("cache").join("images"),
            engine,
        }),
        host: crate::host::backend_host(host),
        folder,
    }
}

fn smolvm(host: &Host) -> Smolvm {
    let search = host.variables.get("PATH").map(Secret::expose).unwrap_or_default();
    let mut places = search.split(':').map(|folder| Path::new(folder).join(PROGRAM));
    let variables = host.variables.iter().filter(|(name, _)| {
        let name = name.as_str();
        VARIABLES.contains(&name) || name.starts_with(SETTINGS)
    });
    Smolvm {
        program: places
            .find(|program| program.is_file())
            .unwrap_or_else(|| PROGRAM.into()),
        variables: variables
            .map(|(name, value)| (name.as_str().into(), value.expose().into()))
            .collect(),
        state: None,
    }
}

/// Archives that the user has, or that the engine makes.
struct Archives {
    /// The user's own, named after providers.
    own: PathBuf,
    /// What the engine made.
    saved: PathBuf,
    engine: Arc<DockerBackend>,
}

#[async_trait]
impl Images for Archives {
    async fn archive(
        &self,
        plan: &BottlePlan,
        materials: &LaunchMaterials,
        progress: &dyn Progress,
    ) -> Result<PathBuf, LaunchError> {
        if let ImageSource::Committed { reference } = &plan.image.source {
            return Err(LaunchError::Unsupported {
                what: "a committed image",
                reason: format!("{reference} is none that a microVM can be made from"),
            });
        }
        let own = own(plan, &self.own);
        if own.is_file() {
            return Ok(own);
        }
        if let Availability::Unusable { reason, .. } = self.engine.availability().await {
            let own = own.display();
            return Err(LaunchError::Unsupported {
                what: "an image for the microVM",
                reason: format!(
                    "no engine can build it ({reason}), and there is no archive of it at {own}; where there is an engine: \
                     docker save IMAGE > {own}"
                ),
            });
        }
        self.engine
            .image_archive(plan, materials.build_ca.as_deref(), &self.saved, progress)
            .await
    }
}

/// Returns where the user's own archive of an image would be: beside the Dockerfile that it is made from, or under its
/// provider's name.
fn own(plan: &BottlePlan, folder: &Path) -> PathBuf {
    let (beside, name) = match &plan.image.source {
        ImageSource::BottleOverride(context)
        | ImageSource::Manifest(context)
        | ImageSource::Plugin(context) => {
            let file = context.dockerfile.file_name().unwrap_or_default();
            (context.dockerfile.parent(), file.to_owned())
        }
        ImageSource::Provider { .. } | ImageSource::Committed { .. } => {
            (None, plan.provider.template.to_string().into())
        }
    };
    let mut name = name;
    name.push(BEHIND);
    beside.unwrap_or(folder).join(name)
}
