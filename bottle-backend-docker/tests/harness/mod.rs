//! An engine to test on, and a small image in it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::path::{Path, PathBuf};

use bottle_backend::conformance::{Ability, Harness, host};
use bottle_backend::testing::{SamplePlan, sample_boot, sample_owner};
use bottle_backend::{Availability, Backend, LaunchMaterials};
use bottle_backend_docker::DockerBackend;
use bottle_plan::BottlePlan;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::names::Identity;
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_wire::boot::{Authority, WireSecret};

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
        skip(name, &reason);
        return None;
    }
    if !binaries().join("bottle-sidecar").is_file() {
        skip(name, "the static binaries are not there: cargo xtask dist --fast");
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
    assert!(
        std::env::var_os("BOTTLE_REQUIRE_ENGINE").is_none(),
        "{name}: {reason}"
    );
    println!("skipped: {name}: {reason}");
    if let Some(log) = std::env::var_os("BOTTLE_SKIP_LOG") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(log);
        file.and_then(|mut file| writeln!(file, "{name}: {reason}"))
            .unwrap();
    }
}

pub(crate) fn binaries() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dist");
    target.join(std::env::consts::ARCH)
}

/// Makes an authority of this test's own.
pub(crate) fn authority() -> Authority {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Authority {
        certificate: certificate.pem(),
        key: WireSecret(key.serialize_pem().into()),
    }
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
            boot: sample_boot(identity, authority()),
            binaries: binaries(),
            build_ca: None,
        }
    }

    fn has(&self, _ability: Ability) -> bool {
        true
    }
}
