//! Doors that are served on the host for a guest that another program runs.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use bottle_backend::conformance::host;
use bottle_backend::testing::{SamplePlan, sample_boot, sample_owner};
use bottle_guest::Service;
use bottle_host::{BootStreams, Folder, Guest, Keeper, Mounted, Record, ask, is_there, sidecar};
use bottle_plan::BottlePlan;
use bottle_plan::git::GitGateInsteadOf;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::inputs::BackendFacts;
use bottle_plan::names::{Identity, Name};
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_wire::boot::{Authority, WireSecret};
use bottle_wire::control::{ControlAnswer, ControlRequest};

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Elsewhere;

impl Guest for Elsewhere {
    fn mounted(&self) -> Option<&Mounted> {
        None
    }
}

/// Where the static programs are; none, after saying so, where they were not built.
#[expect(
    clippy::disallowed_methods,
    reason = "a test binary reads its own environment"
)]
fn binaries(test: &str) -> Option<PathBuf> {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dist");
    let folder = usual.join(std::env::consts::ARCH);
    if folder.join("bottle-sidecar").is_file() {
        return Some(folder);
    }
    let missing = format!("missing: the static binaries: cargo xtask dist --fast: {test}\n");
    eprint!("skipped: {missing}");
    if let Some(log) = std::env::var_os("BOTTLE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().append(true).open(log).unwrap();
        std::io::Write::write_all(&mut log, missing.as_bytes()).unwrap();
    }
    None
}

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

/// A plan without a git gate.
fn plan(identity: &Identity) -> BottlePlan {
    let sample = SamplePlan {
        identity: identity.clone(),
        facts: BackendFacts {
            name: Name::from_static("elsewhere"),
            git_gate_insteadof: GitGateInsteadOf::default(),
            supervise_mcp_url: "http://supervise:9100/".to_owned(),
            ssh_agent: false,
        },
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
        workspace: WorkspaceSource::None,
        resources: Resources::default(),
    };
    sample.assemble().unwrap()
}

struct Served {
    identity: Identity,
    folder: Folder<Elsewhere>,
    keeper: Keeper,
    _root: tempfile::TempDir,
}

/// Serves the doors of a bottle that has no guest of this program's.
async fn serve(binaries: &Path) -> Served {
    let root = tempfile::tempdir().unwrap();
    let identity: Identity = "elsewhere".parse().unwrap();
    let claim = Folder::claim(root.path(), &sample_owner(&identity), &host());
    let folder: Folder<Elsewhere> = claim.unwrap().unwrap().folder;
    let service = Service {
        folder: folder.path().to_owned(),
        sidecar: sidecar(&folder, &plan(&identity), binaries).unwrap(),
    };
    let (streams, files) = BootStreams::open().unwrap();
    let (program, log) = (binaries.join("bottle-sidecar"), folder.log());
    let boot = sample_boot(&identity, authority());
    let serving = Keeper::serve(&program, service, &log, files);
    let (keeper, booted) = tokio::join!(serving, streams.boot(&boot, &log));
    booted.unwrap();
    Served {
        identity,
        folder,
        keeper: keeper.unwrap(),
        _root: root,
    }
}

/// Waits until nobody keeps a folder any more; nextest ends a test that waits for ever.
async fn ended(folder: &Folder<Elsewhere>) {
    while folder.is_kept().unwrap() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn doors_are_served_until_the_keeper_is_told_to_end() {
    let Some(binaries) = binaries("doors_are_served_until_the_keeper_is_told_to_end") else {
        return;
    };
    let served = serve(&binaries).await;
    served.keeper.stay().unwrap();
    let answer = ask(&served.folder, &served.identity, &ControlRequest::Status).await;
    assert!(matches!(answer, Ok(ControlAnswer::Status(status)) if status.booted));
    assert!(served.folder.is_kept().unwrap());
    let egress = served.folder.doors().join("egress.sock");
    assert!(egress.exists());
    served.folder.end().await.unwrap();
    assert!(!served.folder.is_kept().unwrap() && !is_there(&served.folder));
    assert!(!egress.exists(), "what looks like a door is gone as well");
}

#[tokio::test]
async fn doors_end_with_whoever_asked_for_them_until_they_may_stay() {
    let Some(binaries) = binaries("doors_end_with_whoever_asked_for_them_until_they_may_stay") else {
        return;
    };
    let served = serve(&binaries).await;
    drop(served.keeper);
    ended(&served.folder).await;
    assert!(!is_there(&served.folder));
}

#[tokio::test]
async fn a_keeper_ends_with_its_sidecar() {
    let Some(binaries) = binaries("a_keeper_ends_with_its_sidecar") else {
        return;
    };
    let served = serve(&binaries).await;
    served.keeper.stay().unwrap();
    let answer = ask(&served.folder, &served.identity, &ControlRequest::Shutdown).await;
    assert!(matches!(answer, Ok(ControlAnswer::Done)), "{answer:?}");
    ended(&served.folder).await;
}

#[test]
fn a_name_is_taken_once_and_what_died_makes_way() {
    let root = tempfile::tempdir().unwrap();
    let owner = sample_owner(&"one".parse().unwrap());
    let claim = |owner| Folder::<Elsewhere>::claim(root.path(), owner, &host()).unwrap();
    let first = claim(&owner).unwrap();
    assert!(!first.again);
    assert!(claim(&owner).is_none(), "it is being started");
    drop(first);
    assert!(claim(&owner).is_none(), "its owner lives");
    let folder = Folder::<Elsewhere>::of(root.path(), &owner.identity);
    let mut dead = owner.clone();
    dead.pid = bottle_backend::conformance::NO_PROCESS + 1;
    folder.write_record(&Record::new(dead)).unwrap();
    assert!(claim(&owner).is_some_and(|claim| !claim.again));
}
