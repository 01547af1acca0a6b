//! The two backends as libraries, and a bottle of next to nothing for each.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bottle_backend::testing::{SamplePlan, sample_authority, sample_boot, sample_owner};
use bottle_backend::{Availability, Backend, Host, LaunchMaterials};
use bottle_backend_docker::DockerBackend;
use bottle_backend_native::{NativeBackend, NativeConfig};
use bottle_plan::BottlePlan;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::names::Identity;
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use tempfile::TempDir;

/// The smallest image that has the agent's user.
const DOCKERFILE: &str = "FROM debian:bookworm-slim\nRUN useradd --create-home --uid 1000 node\n";

/// A backend, and where its bottles lie.
pub(crate) struct Place {
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) folder: PathBuf,
    _home: Option<TempDir>,
}

/// Namespaces.
pub(crate) fn native() -> Result<Place> {
    let home = TempDir::with_prefix("bottle-bench-")?;
    let place = native_in(home.path().join("native"))?;
    Ok(Place {
        _home: Some(home),
        ..place
    })
}

/// Namespaces, in a folder of the caller's.
pub(crate) fn native_in(folder: PathBuf) -> Result<Place> {
    let backend = NativeBackend::new(NativeConfig {
        folder: folder.clone(),
        host: host(),
        search: Vec::new(),
        binaries: Some(binaries()?),
    });
    Ok(Place {
        backend: Box::new(backend),
        folder,
        _home: None,
    })
}

/// An engine, if one answers.
pub(crate) async fn docker(socket: &Path) -> Result<Place> {
    let backend = DockerBackend::new(socket.to_owned(), host());
    if let Availability::Unusable { reason, .. } = backend.availability().await {
        bail!("{reason}");
    }
    Ok(Place {
        backend: Box::new(backend),
        folder: PathBuf::new(),
        _home: None,
    })
}

/// Where the static programs lie that are shipped.
pub(crate) fn binaries() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program
        .parent()
        .and_then(Path::parent)
        .context("no build folder")?;
    let folder = target.join("dist").join(std::env::consts::ARCH);
    match folder.join("bottle-sidecar").is_file() {
        true => Ok(folder),
        false => bail!("{} has no bottle-sidecar", folder.display()),
    }
}

fn host() -> Host {
    Host {
        machine: "conformance".to_owned(),
        uid: 7,
        boot: "boot".to_owned(),
        home: "home".to_owned(),
        ignore_files: Vec::new(),
        process_started: |_| Some(1),
    }
}

impl Place {
    /// Returns what a bottle is started from; each number is another bottle.
    pub(crate) fn plan(&self, number: usize) -> Result<(BottlePlan, LaunchMaterials)> {
        let identity: Identity = format!("bench-{}-{number}", std::process::id()).parse()?;
        let sample = SamplePlan {
            identity: identity.clone(),
            facts: self.backend.facts(),
            user: GuestUser {
                name: "node".to_owned(),
                uid: 1000,
                gid: 1000,
            },
            guest_home: "/home/node".parse()?,
            image: ImagePlan {
                source: ImageSource::Provider {
                    dockerfile: DOCKERFILE.to_owned(),
                },
                reason: "the bench's".to_owned(),
            },
            workspace: WorkspaceSource::None,
            resources: Resources::default(),
        };
        let materials = LaunchMaterials {
            owner: sample_owner(&identity),
            boot: sample_boot(&identity, sample_authority()?),
            binaries: binaries()?,
            build_ca: None,
        };
        Ok((sample.assemble()?, materials))
    }
}
