//! An engine to test on, and a small image in it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use bottle_backend::conformance::{Ability, Harness, host};
use bottle_backend::testing::{self, SamplePlan, sample_authority, sample_boot, sample_owner};
use bottle_backend::{Availability, Backend, LaunchMaterials};
use bottle_backend_docker::DockerBackend;
use bottle_plan::BottlePlan;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::names::Identity;
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};

/// What the tests' guests are made from; the base is an image that is only here.
pub(crate) const DOCKERFILE: &str = "FROM debian:bookworm-slim\nRUN useradd --create-home --uid 1000 node\n";

pub(crate) struct Docker {
    pub(crate) backend: DockerBackend,
    pub(crate) dockerfile: String,
}

/// Finds the engine. Without one the test says so and passes, unless it was told that there must be one.
pub(crate) async fn docker(name: &str) -> Option<Docker> {
    let backend = backend();
    if let Availability::Unusable { reason, .. } = backend.availability().await {
        skip(name, &format!("missing: no Docker Engine ({reason})"));
        return None;
    }
    if !binaries().join("bottle-sidecar").is_file() {
        skip(name, "missing: the static binaries: cargo xtask dist --fast");
        return None;
    }
    Some(Docker {
        backend,
        dockerfile: DOCKERFILE.to_owned(),
    })
}

pub(crate) fn backend() -> DockerBackend {
    DockerBackend::new(socket(), host())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test binary reads its own environment"
)]
pub(crate) fn socket() -> PathBuf {
    let named = std::env::var("DOCKER_HOST").ok();
    let path = named.as_deref().and_then(|host| host.strip_prefix("unix://"));
    PathBuf::from(path.unwrap_or("/var/run/docker.sock"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test binary reads its own environment"
)]
fn skip(name: &str, reason: &str) {
    let required = std::env::var_os("BOTTLE_REQUIRE_ENGINE").is_some();
    let log = std::env::var_os("BOTTLE_SKIP_LOG").map(PathBuf::from);
    testing::skip(name, reason, required, log.as_deref());
}

pub(crate) fn binaries() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dist");
    target.join(std::env::consts::ARCH)
}

impl Harness for Docker {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn plan(&self, identity: &Identity, workspace: WorkspaceSource, resources: Resources) -> BottlePlan {
        let sample = SamplePlan {
            identity: identity.clone(),
            facts: self.backend.facts(),
            user: GuestUser {
                name: "node".to_owned(),
                uid: 1000,
                gid: 1000,
            },
            guest_home: "/home/node".parse().unwrap(),
            image: ImagePlan {
                source: ImageSource::Provider {
                    dockerfile: self.dockerfile.clone(),
                },
                reason: "a test's".to_owned(),
            },
            workspace,
            resources,
        };
        sample.assemble().unwrap()
    }

    fn materials(&self, identity: &Identity) -> LaunchMaterials {
        LaunchMaterials {
            owner: sample_owner(identity),
            boot: sample_boot(identity, sample_authority().unwrap()),
            binaries: binaries(),
            build_ca: None,
        }
    }

    fn has(&self, _ability: Ability) -> bool {
        true
    }
}
