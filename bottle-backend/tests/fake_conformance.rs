//! The suite on the fake: what it says of other backends, it must be able to say of one without walls.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use bottle_backend::conformance::{Ability, Harness, host};
use bottle_backend::testing::{FakeBackend, SamplePlan, sample_boot, sample_owner};
use bottle_backend::{Backend, LaunchMaterials};
use bottle_plan::BottlePlan;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::names::Identity;
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_wire::boot::{Authority, WireSecret};

struct Fake {
    backend: FakeBackend,
    root: tempfile::TempDir,
}

impl Harness for Fake {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn plan(&self, identity: &Identity, workspace: WorkspaceSource, resources: Resources) -> BottlePlan {
        let home = self.root.path().join(identity.as_str());
        let sample = SamplePlan {
            identity: identity.clone(),
            facts: self.backend.facts(),
            user: GuestUser {
                name: "node".to_owned(),
                uid: 1000,
                gid: 1000,
            },
            guest_home: home.to_str().unwrap().parse().unwrap(),
            image: ImagePlan {
                source: ImageSource::Provider {
                    dockerfile: String::new(),
                },
                reason: String::new(),
            },
            workspace,
            resources,
        };
        sample.assemble().unwrap()
    }

    fn materials(&self, identity: &Identity) -> LaunchMaterials {
        let authority = Authority {
            certificate: String::new(),
            key: WireSecret(String::new().into()),
        };
        LaunchMaterials {
            owner: sample_owner(identity),
            boot: sample_boot(identity, authority),
            binaries: PathBuf::from(self.root.path()),
            build_ca: None,
        }
    }

    fn has(&self, _ability: Ability) -> bool {
        false
    }
}

async fn fake(_name: &str) -> Option<Fake> {
    Some(Fake {
        backend: FakeBackend::new(host()),
        root: tempfile::tempdir().unwrap(),
    })
}

bottle_backend::conformance_suite!(crate::fake);
