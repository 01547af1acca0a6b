//! A folder to test in, and the installed smolvm.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bottle_backend::conformance::{Ability, Harness, host};
use bottle_backend::testing::{SamplePlan, sample_boot, sample_owner};
use bottle_backend::{Availability, Backend, LaunchError, LaunchMaterials, Progress};
use bottle_backend_smol::{Images, SmolBackend, SmolConfig, Smolvm};
use bottle_plan::BottlePlan;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::names::Identity;
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_wire::boot::{Authority, WireSecret};

/// Names smolvm, the archive of an image with a shell and a user `node`, and the folder with the static programs.
const SMOLVM: &str = "BOTTLE_TEST_SMOLVM";
const IMAGE: &str = "BOTTLE_TEST_IMAGE";
const BINARIES: &str = "BOTTLE_TEST_BINARIES";
/// Says that the host is an emulated one.
const SLOW: &str = "BOTTLE_TEST_SLOW";
/// What smolvm reads of its environment: where its machines lie, and how long a slow host may take.
const VARIABLES: [&str; 4] = [
    "HOME",
    "PATH",
    "SMOLVM_START_TIMEOUT_SECS",
    "SMOLVM_AGENT_READY_TIMEOUT_SECS",
];

pub(crate) struct Smol {
    backend: SmolBackend,
    _folder: tempfile::TempDir,
}

/// Looks whether machines can run here. Where not the test says so and passes.
pub(crate) async fn smol(name: &str) -> Option<Smol> {
    let Some((smolvm, image)) = named(SMOLVM).zip(named(IMAGE)) else {
        skip(
            name,
            &format!("{SMOLVM} and {IMAGE} are not set: cargo xtask test --only smol sets them"),
        );
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let variables = VARIABLES.map(|name| Some((OsString::from(name), env_of(name)?)));
    let backend = SmolBackend::new(SmolConfig {
        folder: folder.path().join("smol"),
        host: host(),
        smolvm: Smolvm {
            program: smolvm,
            variables: variables.into_iter().flatten().collect(),
            state: None,
        },
        images: Arc::new(Image(image)),
    });
    if let Availability::Unusable { reason, .. } = backend.availability().await {
        skip(name, &format!("impossible: {reason}"));
        return None;
    }
    Some(Smol {
        backend,
        _folder: folder,
    })
}

/// The one image of all tests.
struct Image(PathBuf);

#[async_trait]
impl Images for Image {
    async fn archive(
        &self,
        _plan: &BottlePlan,
        _materials: &LaunchMaterials,
        _progress: &dyn Progress,
    ) -> Result<PathBuf, LaunchError> {
        Ok(self.0.clone())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test binary reads its own environment"
)]
fn env_of(name: &str) -> Option<OsString> {
    env::var_os(name)
}

fn named(name: &str) -> Option<PathBuf> {
    env_of(name).map(PathBuf::from)
}

/// Says it to whoever looks at the lab's console.
fn skip(name: &str, reason: &str) {
    println!("SKIPPED {reason}: {name}");
}

fn binaries() -> PathBuf {
    let usual = || {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dist");
        target.join(env::consts::ARCH)
    };
    named(BINARIES).unwrap_or_else(usual)
}

/// Makes an authority of this test's own.
fn authority() -> Authority {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Authority {
        certificate: certificate.pem(),
        key: WireSecret(key.serialize_pem().into()),
    }
}

/// Where a test says nothing, the machine is small: an emulated host takes its time for each processor and page.
fn small(resources: &Resources) -> Resources {
    Resources {
        millicpus: resources.millicpus.or(Some(1000)),
        memory: resources.memory.or_else(|| "512m".parse().ok()),
        ..resources.clone()
    }
}

impl Harness for Smol {
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
                    dockerfile: String::new(),
                },
                reason: "a test's".to_owned(),
            },
            workspace,
            resources: small(&resources),
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

    fn has(&self, ability: Ability) -> bool {
        ability != Ability::Mounts
    }

    fn interfaces(&self) -> &'static [&'static str] {
        &["lo", "dummy0"]
    }

    fn is_slow(&self) -> bool {
        env_of(SLOW).is_some()
    }
}
