//! A folder to test in, for whoever runs the tests.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use bottle_backend::conformance::{Ability, Harness, host};
use bottle_backend::testing::{self, SamplePlan, sample_authority, sample_boot, sample_owner};
use bottle_backend::{Availability, Backend, LaunchMaterials};
use bottle_backend_native::{NativeBackend, NativeConfig};
use bottle_plan::BottlePlan;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::names::Identity;
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};

/// Names the folder with the static programs, for those who do not see the build's own.
pub(crate) const BINARIES: &str = "BOTTLE_TEST_BINARIES";

pub(crate) struct Native {
    pub(crate) backend: NativeBackend,
    _folder: tempfile::TempDir,
}

/// Looks whether this system lets anybody make a guest. Where not the test says so and passes, unless it was told that
/// it must be so.
pub(crate) async fn native(name: &str) -> Option<Native> {
    if !binaries().join("bottle-sidecar").is_file() {
        skip(name, "missing: the static binaries: cargo xtask dist --fast");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let backend = NativeBackend::new(NativeConfig {
        folder: folder.path().join("native"),
        host: host(),
        search: Vec::new(),
        binaries: Some(binaries()),
    });
    if let Availability::Unusable { reason, .. } = backend.availability().await {
        eprintln!("USER NAMESPACES ARE FORBIDDEN HERE: {reason}");
        skip(name, &format!("impossible: {reason}"));
        return None;
    }
    Some(Native {
        backend,
        _folder: folder,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test binary reads its own environment"
)]
fn skip(name: &str, reason: &str) {
    let required = std::env::var_os("BOTTLE_REQUIRE_NATIVE").is_some();
    let log = std::env::var_os("BOTTLE_SKIP_LOG").map(PathBuf::from);
    testing::skip(name, reason, required, log.as_deref());
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test binary reads its own environment"
)]
pub(crate) fn binaries() -> PathBuf {
    let usual = || {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dist");
        target.join(std::env::consts::ARCH)
    };
    std::env::var_os(BINARIES).map_or_else(usual, PathBuf::from)
}

impl Harness for Native {
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

    fn has(&self, ability: Ability) -> bool {
        // Only root has further users to give away.
        ability != Ability::Owners || is_root()
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
