//! A user's repository, and a bottle that was started in it with a copy of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bottle_backend::testing::{FakeBackend, SamplePlan, sample_boot};
use bottle_backend::{Backend, Bottle, BottleState, Canceller, LaunchMaterials, Quiet};
use bottle_plan::BottlePlan;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::names::{Identity, Name};
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_provider::Registry;
use bottle_wire::boot::{Authority, WireSecret};

use super::super::*;
use crate::state::{METADATA, Metadata, PLAN, PRESERVE};
use crate::{Host, Process, Wiring};

/// Where the host's git is.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

pub(super) struct Scene {
    folder: tempfile::TempDir,
    host: Host,
    backend: FakeBackend,
    identity: Identity,
}

impl Scene {
    /// A repository with one commit, and a running bottle with a copy of it.
    pub(super) async fn running() -> Self {
        Self::around(|_| {}).await
    }

    /// The same, with what is done to the repository before the bottle starts.
    pub(super) async fn around(prepare: impl FnOnce(&Path)) -> Self {
        let scene = Self::empty();
        git(&scene.repository(), &["init", "--quiet", "--initial-branch=main"]);
        commit(&scene.repository(), "first");
        prepare(&scene.repository());
        scene.start().await;
        scene
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["repository", "guest", "elsewhere"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let host = host(folder.path());
        Self {
            backend: FakeBackend::new(crate::host::backend_host(&host)),
            identity: "demo-1".parse().unwrap(),
            folder,
            host,
        }
    }

    async fn start(&self) {
        let plan = self.plan();
        let authority = Authority {
            certificate: String::new(),
            key: WireSecret(String::new().into()),
        };
        let materials = LaunchMaterials {
            owner: self.host.owner(self.identity.clone()),
            boot: sample_boot(&self.identity, authority),
            binaries: self.folder.path().to_owned(),
            build_ca: None,
        };
        let launched = self.backend.launch(&plan, materials, &Quiet).await;
        drop(launched.unwrap());
        let state = self.state();
        drop(state.create().unwrap());
        let rendered = serde_yaml::to_string(&plan).unwrap();
        state.write(PLAN, rendered.as_bytes()).unwrap();
        let metadata = Metadata {
            identity: self.identity.clone(),
            agent: Name::from_static("demo"),
            bottles: Vec::new(),
            backend: Name::from_static("fake"),
            cwd: self.repository(),
            workspace: "copy".to_owned(),
            started_at: 1,
            label: None,
            color: None,
        };
        state.write_json(METADATA, &metadata).unwrap();
    }

    fn plan(&self) -> BottlePlan {
        let home = self.folder.path().join("guest/demo-1");
        let sample = SamplePlan {
            identity: self.identity.clone(),
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
            workspace: WorkspaceSource::Copy {
                host: self.repository(),
                include: Vec::new(),
            },
            resources: Resources::default(),
        };
        sample.assemble().unwrap()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    pub(super) fn workspace(&self) -> PathBuf {
        PathBuf::from(self.plan().workspace.guest.as_str())
    }

    pub(super) fn state(&self) -> StateFolder {
        StateFolder::of(&self.host.state_root(), &self.identity)
    }

    /// Ends the bottle and keeps it.
    pub(super) async fn preserve(&self) {
        self.open().await.preserve().await.unwrap();
        self.state().write(PRESERVE, b"").unwrap();
    }

    pub(super) async fn open(&self) -> Box<dyn Bottle> {
        self.backend.open(&self.identity).await.unwrap()
    }

    pub(super) async fn backend_state(&self) -> BottleState {
        self.backend.list().await.unwrap().first().unwrap().state
    }

    pub(super) async fn pull(&self) -> Result<Pulled, PullError> {
        self.pull_as(|_| {}).await
    }

    pub(super) async fn pull_as(&self, change: impl FnOnce(&mut PullCommits)) -> Result<Pulled, PullError> {
        let mut request = PullCommits {
            identity: self.identity.clone(),
            repository: None,
            branch: None,
        };
        change(&mut request);
        let (_canceller, cancel) = Canceller::new();
        pull_commits(&self.wiring(), &self.host, &request, &Quiet, cancel).await
    }

    pub(super) async fn pull_files(&self, name: &str) -> Result<(), PullError> {
        let (_canceller, cancel) = Canceller::new();
        let folder = self.path(name);
        pull_files(
            &self.wiring(),
            &self.host,
            &self.identity,
            &folder,
            &Quiet,
            cancel,
        )
        .await
    }

    /// Hands the host's git what a guest says is a bundle, as a pull does.
    pub(super) async fn quarantined(&self, bundle: &[u8]) -> Result<String, PullError> {
        use std::io::{Seek, Write};
        let place = Place::take(&self.state())?;
        let git = Git::find(&self.host, place.path())?;
        let mut file = place.file("bundle")?;
        file.write_all(bundle).unwrap();
        file.rewind().unwrap();
        let held = Quarantine::make(&git, &place, file, "HEAD", None).await?;
        Ok(held.tip().to_owned())
    }

    fn wiring(&self) -> Wiring {
        Wiring::new(vec![Arc::new(self.backend.clone())], Registry::default())
    }
}

fn host(folder: &Path) -> Host {
    let pid = std::process::id();
    Host {
        variables: BTreeMap::from([("PATH".to_owned(), PATH.to_owned().into())]),
        home: folder.to_owned(),
        bottle_home: folder.join(".bot-bottle"),
        directory: folder.join("elsewhere"),
        sidecar_folders: Vec::new(),
        addresses: Vec::new(),
        roots: Vec::new(),
        build_ca: None,
        docker_socket: None,
        process: Process {
            machine: "m".to_owned(),
            boot: "b".to_owned(),
            uid: 1,
            pid,
            pid_started: crate::host::process_started(pid).unwrap(),
        },
        clock: Arc::new(|| 1),
    }
}

/// Runs git as somebody with a name, and returns what it prints.
#[track_caller]
pub(super) fn git(folder: &Path, arguments: &[&str]) -> String {
    git_reading(folder, arguments, b"")
}

#[track_caller]
pub(super) fn git_reading(folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    use std::io::Write;
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "somebody"),
        ("GIT_AUTHOR_EMAIL", "somebody@example.com"),
        ("GIT_COMMITTER_NAME", "somebody"),
        ("GIT_COMMITTER_EMAIL", "somebody@example.com"),
    ] {
        command.env(name, value);
    }
    let piped = std::process::Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Makes a commit with a file of that name.
#[track_caller]
pub(super) fn commit(folder: &Path, name: &str) -> String {
    std::fs::write(folder.join(name), name).unwrap();
    git(folder, &["add", "--", name]);
    git(folder, &["commit", "--quiet", "--message", name]);
    git(folder, &["rev-parse", "HEAD"])
}
