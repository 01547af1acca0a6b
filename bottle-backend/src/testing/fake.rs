//! A backend without walls: its guests are folders, and their programs run on the host as they are.

mod bottle;
mod process;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bottle_plan::BottlePlan;
use bottle_plan::git::GitGateInsteadOf;
use bottle_plan::inputs::BackendFacts;
use bottle_plan::names::{Identity, Name};
use bottle_plan::workspace::WorkspaceSource;

use crate::files::{Digest, TarOwner, pack};
use crate::workspace::{is_volatile, select_ignoring};
use crate::{
    ActiveBottle, Availability, Backend, Bottle, BottleState, BoxError, CleanupPlan, CleanupReport,
    EngineError, Host, LaunchError, LaunchMaterials, Leftover, Owner, Progress,
};
use bottle::FakeBottle;

/// A place for tests to run plans in. A plan's guest paths are paths of the host.
#[derive(Debug, Clone)]
pub struct FakeBackend {
    host: Host,
    bottles: Arc<Mutex<BTreeMap<Identity, Entry>>>,
}

/// What the fake knows of a bottle.
#[derive(Debug, Clone)]
struct Entry {
    plan: BottlePlan,
    owner: Owner,
    state: BottleState,
    digest: Option<Digest>,
}

/// How a name was taken.
enum Claim {
    Fresh,
    Again,
}

impl FakeBackend {
    /// Makes one for a host.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self {
            host,
            bottles: Arc::default(),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Identity, Entry>) -> T) -> T {
        work(&mut self.bottles.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the name.
    fn claim(&self, plan: &BottlePlan, owner: Owner) -> Result<Claim, LaunchError> {
        self.with(|bottles| {
            match bottles.get_mut(&plan.identity) {
                Some(entry) if entry.state == BottleState::Preserved && self.host.sees(&entry.owner) => {
                    entry.owner = owner;
                    return Ok(Claim::Again);
                }
                Some(_) => return Err(LaunchError::NameTaken(plan.identity.clone())),
                None => {}
            }
            let entry = Entry {
                plan: plan.clone(),
                owner,
                state: BottleState::Starting,
                digest: None,
            };
            bottles.insert(plan.identity.clone(), entry);
            Ok(Claim::Fresh)
        })
    }

    fn forget(&self, identity: &Identity, chosen: impl Fn(&Entry) -> bool) {
        let entry = self.with(|bottles| match bottles.get(identity) {
            Some(entry) if chosen(entry) => bottles.remove(identity),
            _ => None,
        });
        if let Some(entry) = entry {
            let _ = std::fs::remove_dir_all(entry.plan.guest_home.as_str());
        }
    }

    fn bottles(&self, chosen: impl Fn(&Host, &Owner) -> bool) -> Vec<ActiveBottle> {
        let entries = self.with(|bottles| bottles.values().cloned().collect::<Vec<_>>());
        let chosen = entries
            .into_iter()
            .filter(|entry| chosen(&self.host, &entry.owner));
        chosen
            .map(|entry| ActiveBottle {
                identity: entry.plan.identity,
                state: entry.state,
                attended: self.host.is_alive(&entry.owner),
                owner: entry.owner,
            })
            .collect()
    }

    fn handle(&self, identity: &Identity) -> Option<FakeBottle> {
        let entry = self.with(|bottles| bottles.get(identity).cloned())?;
        Some(FakeBottle {
            backend: self.clone(),
            plan: entry.plan,
        })
    }
}

#[async_trait]
impl Backend for FakeBackend {
    fn facts(&self) -> BackendFacts {
        BackendFacts {
            name: Name::from_static("fake"),
            git_gate_insteadof: GitGateInsteadOf::default(),
            supervise_mcp_url: "http://supervise:9100/".to_owned(),
            ssh_agent: true,
        }
    }

    async fn availability(&self) -> Availability {
        Availability::Usable {
            detail: "a fake without walls".to_owned(),
            warnings: Vec::new(),
        }
    }

    async fn launch(
        &self,
        plan: &BottlePlan,
        materials: LaunchMaterials,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Bottle>, LaunchError> {
        if !materials.binaries.is_dir() {
            return Err(LaunchError::MissingFile {
                what: "a static binary of the sidecar's",
                path: materials.binaries,
            });
        }
        progress.step("taking the name");
        tokio::task::yield_now().await;
        let claim = self.claim(plan, materials.owner)?;
        progress.step("making the guest");
        tokio::task::yield_now().await;
        let digest = match claim {
            Claim::Again => None,
            Claim::Fresh => fill(plan, &self.host.ignore_files).map_err(|source| LaunchError::Step {
                step: "make the guest",
                source,
            })?,
        };
        progress.step("starting the guest");
        tokio::task::yield_now().await;
        self.with(|bottles| {
            if let Some(entry) = bottles.get_mut(&plan.identity) {
                entry.state = BottleState::Running;
                entry.digest = digest.or(entry.digest.take());
            }
        });
        Ok(Box::new(FakeBottle {
            backend: self.clone(),
            plan: plan.clone(),
        }))
    }

    async fn open(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError> {
        let runs = self.with(|bottles| {
            bottles
                .get(identity)
                .is_some_and(|entry| entry.state == BottleState::Running && self.host.sees(&entry.owner))
        });
        let bottle = self.handle(identity).filter(|_| runs);
        let bottle = bottle.ok_or_else(|| EngineError::NotRunning(identity.clone()))?;
        Ok(Box::new(bottle))
    }

    async fn wake(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError> {
        let kept = self.with(|bottles| {
            let entry = bottles
                .get_mut(identity)
                .filter(|entry| self.host.sees(&entry.owner))?;
            let kept = matches!(entry.state, BottleState::Preserved | BottleState::Degraded);
            kept.then(|| entry.state = BottleState::Degraded)
        });
        let bottle = self.handle(identity).filter(|_| kept.is_some());
        let bottle = bottle.ok_or_else(|| EngineError::NotRunning(identity.clone()))?;
        Ok(Box::new(bottle))
    }

    async fn list(&self) -> Result<Vec<ActiveBottle>, EngineError> {
        Ok(self.bottles(Host::sees))
    }

    async fn remove(&self, identity: &Identity) -> Result<(), EngineError> {
        self.forget(identity, |entry| self.host.sees(&entry.owner));
        Ok(())
    }

    async fn abandon(&self, owner: &Owner) -> Result<(), EngineError> {
        self.forget(&owner.identity, |entry| entry.owner == *owner);
        Ok(())
    }

    async fn prepare_cleanup(&self) -> Result<CleanupPlan, EngineError> {
        let bottles = self.bottles(Host::owns).into_iter();
        let left = bottles.filter(|bottle| bottle.state == BottleState::Starting && !bottle.attended);
        let leftovers = left.map(|bottle| Leftover {
            kind: "folder",
            id: bottle.identity.to_string(),
            name: bottle.identity.to_string(),
            reason: "its start was not finished".to_owned(),
        });
        Ok(CleanupPlan {
            leftovers: leftovers.collect(),
        })
    }

    async fn cleanup(&self, plan: &CleanupPlan) -> CleanupReport {
        for leftover in &plan.leftovers {
            if let Ok(identity) = leftover.id.parse() {
                self.forget(&identity, |_| true);
            }
        }
        CleanupReport {
            removed: plan.leftovers.clone(),
            failed: Vec::new(),
        }
    }
}

/// Makes the guest's folders and copies the workspace.
fn fill(plan: &BottlePlan, ignore_files: &[PathBuf]) -> Result<Option<Digest>, BoxError> {
    let folder = Path::new(plan.workspace.guest.as_str());
    std::fs::create_dir_all(folder)?;
    let (host, entries) = match &plan.workspace.source {
        WorkspaceSource::None => (PathBuf::from("/"), Vec::new()),
        WorkspaceSource::Copy { host, include } => (
            host.clone(),
            select_ignoring(host, include, ignore_files)?.entries,
        ),
        WorkspaceSource::Mount { .. } => return Ok(None),
    };
    let owner = TarOwner { uid: 0, gid: 0 };
    let (tar, digest) = pack(&host, &entries, Path::new(""), owner, is_volatile, Vec::new())?;
    tar::Archive::new(tar.as_slice()).unpack(folder)?;
    Ok(Some(digest))
}
