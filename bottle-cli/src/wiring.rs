//! Which providers and backends there are, and finding a bottle among them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bottle_backend::{ActiveBottle, Availability, Backend, Bottle, BottleState, CleanupPlan, EngineError};
use bottle_backend_native::{NativeBackend, NativeConfig};
use bottle_backend_smol::SmolBackend;
use bottle_plan::names::{Identity, Name};
use bottle_provider::{Plugins, Registry};
use bottle_util::Secret;

use crate::{Host, microvm};

/// What smolvm's makers call it, and the original tool its backend.
const SMOLMACHINES: &str = "smolmachines";

/// The providers and backends that a program works with. Embedders add their own.
#[derive(Clone)]
pub struct Wiring {
    backends: Vec<Arc<dyn Backend>>,
    providers: Registry,
}

/// A bottle and the backend that it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBottle {
    /// The backend's name.
    pub backend: Name,
    /// The bottle.
    pub bottle: ActiveBottle,
}

/// Says why no backend can run a plan.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such backend.
    #[error("there is no backend {name}; there is: {known}")]
    Unknown {
        /// What was asked for.
        name: Name,
        /// What there is.
        known: String,
    },
    /// None can be used.
    #[error("no backend can be used: {0}")]
    NoneUsable(String),
}

impl Wiring {
    /// Returns what the `bottle` command works with.
    #[must_use]
    pub fn standard(host: &Host) -> Self {
        let docker = Arc::new(bottle_backend_docker::DockerBackend::new(
            crate::host::docker_socket(host),
            crate::host::backend_host(host),
        ));
        let smol = SmolBackend::new(microvm::config(host, Arc::clone(&docker)));
        let native = NativeBackend::new(native_config(host));
        let plugins = Plugins {
            folder: host.bottle_home.join("contrib"),
            owner: host.process.uid,
        };
        let providers = Registry::default()
            .with_plugins(plugins)
            .with(Arc::new(bottle_contrib_claude::Claude))
            .with(Arc::new(bottle_contrib_codex::Codex))
            .with(Arc::new(bottle_contrib_demo::Demo));
        Self {
            backends: vec![docker, Arc::new(smol), Arc::new(native)],
            providers,
        }
    }

    /// Makes a wiring of one's own.
    #[must_use]
    pub fn new(backends: Vec<Arc<dyn Backend>>, providers: Registry) -> Self {
        Self { backends, providers }
    }

    /// Returns the backends, the preferred one first.
    #[must_use]
    pub fn backends(&self) -> &[Arc<dyn Backend>] {
        &self.backends
    }

    /// Returns the providers.
    #[must_use]
    pub fn providers(&self) -> &Registry {
        &self.providers
    }

    /// Returns a backend by name.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn backend(&self, name: &Name) -> Result<Arc<dyn Backend>, OpenError> {
        let known = match name.as_str() {
            SMOLMACHINES => "smol",
            name => name,
        };
        let found = self
            .backends
            .iter()
            .find(|backend| backend.facts().name.as_str() == known);
        found.cloned().ok_or_else(|| OpenError::Unknown {
            name: name.clone(),
            known: self.backend_names(),
        })
    }

    /// Returns the first backend that can be used, and why those before it cannot.
    ///
    /// # Errors
    ///
    /// When none can, with each one's reason.
    pub async fn first_usable(&self) -> Result<(Arc<dyn Backend>, String), OpenError> {
        let mut reasons = Vec::new();
        for backend in &self.backends {
            let name = backend.facts().name;
            match backend.availability().await {
                Availability::Usable { detail, .. } => {
                    reasons.push(format!("{name} is the first that can be used ({detail})"));
                    return Ok((Arc::clone(backend), reasons.join("; ")));
                }
                Availability::Unusable { reason, hint } => reasons.push(format!("{name}: {reason} ({hint})")),
            }
        }
        Err(OpenError::NoneUsable(reasons.join("; ")))
    }

    /// Finds a running bottle on any backend.
    ///
    /// # Errors
    ///
    /// When none runs it; a backend that does not answer is passed over unless all fail.
    pub async fn open(&self, identity: &Identity) -> Result<Box<dyn Bottle>, EngineError> {
        let mut last = EngineError::NotRunning(identity.clone());
        for backend in &self.backends {
            match backend.open(identity).await {
                Ok(bottle) => return Ok(bottle),
                Err(EngineError::NotRunning(_)) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Lists the bottles of all backends; one that does not answer contributes its error.
    pub async fn list(&self) -> (Vec<ListedBottle>, Vec<EngineError>) {
        let mut bottles = Vec::new();
        let mut errors = Vec::new();
        for backend in &self.backends {
            let name = backend.facts().name;
            match backend.list().await {
                Ok(found) => {
                    bottles.extend(found.into_iter().map(|bottle| ListedBottle {
                        backend: name.clone(),
                        bottle,
                    }));
                }
                Err(error) => errors.push(error),
            }
        }
        (bottles, errors)
    }

    /// Finds what crashed starts have left on all backends that answer.
    pub async fn plan_cleanup(&self) -> Vec<(Arc<dyn Backend>, CleanupPlan)> {
        let mut plans = Vec::new();
        for backend in &self.backends {
            match backend.prepare_cleanup().await {
                Ok(plan) => plans.push((Arc::clone(backend), plan)),
                Err(error) => tracing::warn!(%error, "a backend is passed over"),
            }
        }
        plans
    }

    fn backend_names(&self) -> String {
        let names: Vec<String> = self
            .backends
            .iter()
            .map(|backend| backend.facts().name.to_string())
            .collect();
        names.join(", ")
    }
}

impl ListedBottle {
    /// Tells whether the command that started the bottle has gone while the bottle runs on.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        !self.bottle.attended && matches!(self.bottle.state, BottleState::Running | BottleState::Degraded)
    }
}

/// Returns what the backend without an engine needs of this host: a place for its bottles, and where the user's own
/// programs are found.
fn native_config(host: &Host) -> NativeConfig {
    let search = host.variables.get("PATH").map(Secret::expose).unwrap_or_default();
    NativeConfig {
        folder: host.bottle_home.join("native"),
        host: crate::host::backend_host(host),
        search: search.split(':').map(PathBuf::from).collect(),
        binaries: host.sidecar_folder().map(Path::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use bottle_backend::Host;
    use bottle_backend::testing::FakeBackend;
    use bottle_backend_docker::DockerBackend;

    use super::*;

    fn host() -> Host {
        Host {
            machine: "m".to_owned(),
            uid: 1,
            boot: "b".to_owned(),
            home: "h".to_owned(),
            ignore_files: Vec::new(),
            process_started: |_| None,
        }
    }

    fn absent() -> Arc<dyn Backend> {
        Arc::new(DockerBackend::new(PathBuf::from("/nowhere/docker.sock"), host()))
    }

    #[tokio::test]
    async fn a_backend_that_cannot_be_used_says_why_and_what_to_do() {
        let wiring = Wiring::new(vec![absent()], Registry::default());
        let error = wiring.first_usable().await.map(drop).unwrap_err().to_string();
        for part in [
            "no backend can be used",
            "/nowhere/docker.sock",
            "install Docker Engine",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn the_next_backend_is_taken_and_the_reason_names_the_first() {
        let fake = Arc::new(FakeBackend::new(host()));
        let wiring = Wiring::new(vec![absent(), fake], Registry::default());
        let (backend, reason) = wiring.first_usable().await.unwrap();
        assert_eq!(backend.facts().name.as_str(), "fake");
        assert!(
            reason.contains("/nowhere/docker.sock") && reason.contains("fake is the first"),
            "{reason}"
        );
    }
}
