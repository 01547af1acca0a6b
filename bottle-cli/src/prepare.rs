//! From what the user asked for to a plan: touches nothing but the host, and is safe before the y/N.

use std::sync::Arc;

use bottle_backend::Backend;
use bottle_backend::prepare::{HostView, PrepareError};
use bottle_plan::BottlePlan;
use bottle_plan::egress::RouteOwner;
use bottle_plan::inputs::{ManifestInputs, PlanInputs};
use bottle_plan::names::{EnvName, Identity, NameError};
use bottle_plan::spec::StartSpec;
use bottle_plan::workspace::WorkspaceSource;
use bottle_provider::{
    AgentProvider, ContributionError, Origin, ProviderInputs, RegistryError, SessionStart, image_plan,
};

use crate::state::{self, StateError, StateFolder};
use crate::{Host, Wiring, identity_for};

/// What is to be started.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// The user's choices.
    pub spec: StartSpec,
    /// The merged manifest of the chosen agent and bottles.
    pub manifest: ManifestInputs,
    /// Where the workspace comes from.
    pub workspace: WorkspaceSource,
}

/// A plan and those who will carry it out.
pub struct Prepared {
    /// The plan.
    pub plan: BottlePlan,
    /// Who knows the agent program.
    pub provider: Arc<dyn AgentProvider>,
    /// Who runs it.
    pub backend: Arc<dyn Backend>,
    /// What the user should know before the yes, one sentence each.
    pub notes: Vec<String>,
    /// Whether the agent begins, or a preserved bottle goes on.
    pub session: SessionStart,
    manifest: ManifestInputs,
}

/// Says why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PrepareStartError {
    /// The bottle names a provider that does not exist.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The provider cannot do what the bottle asks.
    #[error(transparent)]
    Contribution(#[from] ContributionError),
    /// No free name was found.
    #[error("no free name could be made")]
    Identity(#[from] NameError),
    /// There is no randomness.
    #[error("the system gives no random bytes")]
    Random,
    /// The state folders cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// Something on the host stands in the way.
    #[error(transparent)]
    Host(#[from] PrepareError),
}

impl PrepareStartError {
    /// Returns what the user can do about it, when something is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.hint(),
            Self::Contribution(error) => error.hint(),
            _ => None,
        }
    }
}

/// Makes the plan of a start.
///
/// # Errors
///
/// Everything on the host that stands in the way.
pub fn prepare_start(
    wiring: &Wiring,
    host: &Host,
    request: StartRequest,
    backend: Arc<dyn Backend>,
    running: &[Identity],
) -> Result<Prepared, PrepareStartError> {
    let taken = taken(host, running)?;
    let identity = identity(&request.spec, &taken)?;
    prepare(wiring, host, request, backend, identity, &taken)
}

/// Makes the plan by which a preserved bottle goes on under its name. What its agent may reach is what the manifest
/// says now.
///
/// # Errors
///
/// Everything on the host that stands in the way.
pub fn prepare_resume(
    wiring: &Wiring,
    host: &Host,
    request: StartRequest,
    backend: Arc<dyn Backend>,
    identity: Identity,
) -> Result<Prepared, PrepareStartError> {
    let prepared = prepare(wiring, host, request, backend, identity, &[])?;
    Ok(Prepared {
        session: SessionStart::Resume,
        ..prepared
    })
}

fn prepare(
    wiring: &Wiring,
    host: &Host,
    request: StartRequest,
    backend: Arc<dyn Backend>,
    identity: Identity,
    taken: &[Identity],
) -> Result<Prepared, PrepareStartError> {
    let StartRequest {
        spec,
        manifest,
        workspace,
    } = request;
    let found = wiring.providers().get_provider(&manifest.provider.template)?;
    let has_prefix = has_prefix(host);
    let inputs = provider_inputs(&manifest, host, &has_prefix);
    let contribution = found.provider.provision_plan(&inputs)?;
    let mut notes = found.provider.notes(&inputs);
    notes.extend(shadow_note(&found.origin));
    let own = StateFolder::of(&host.state_root(), &identity)
        .path()
        .join("Dockerfile");
    let runtime = found.provider.runtime();
    let template = manifest.provider.template.as_str();
    let image = image_plan(
        own.is_file().then_some(own),
        manifest.provider.dockerfile.as_ref(),
        template,
        runtime.image,
    );
    let kept = manifest.clone();
    let inputs = PlanInputs {
        identity,
        spec,
        manifest,
        provider: contribution,
        image,
        workspace,
    };
    let view = HostView {
        has_variable: &|name: &EnvName| host.variable(name).is_some(),
        taken,
        agent: host.ssh_agent(),
        home: host.home.clone(),
        bottle_home: host.bottle_home.clone(),
    };
    let plan = bottle_backend::prepare::prepare(backend.as_ref(), inputs, &view)?;
    notes.extend(missing_parts(&plan));
    Ok(Prepared {
        plan,
        provider: found.provider,
        backend,
        notes,
        session: SessionStart::Fresh,
        manifest: kept,
    })
}

impl Prepared {
    /// Calls `with` with what the provider is told; used again when its secrets are read.
    pub fn with_provider_inputs<T>(&self, host: &Host, with: impl FnOnce(&ProviderInputs<'_>) -> T) -> T {
        with(&provider_inputs(&self.manifest, host, &has_prefix(host)))
    }
}

fn provider_inputs<'a>(
    manifest: &'a ManifestInputs,
    host: &'a Host,
    has_prefix: &'a (dyn Fn(&EnvName, &str) -> Option<bool> + Sync),
) -> ProviderInputs<'a> {
    ProviderInputs {
        choice: &manifest.provider,
        has_prefix,
        home: &host.home,
        now: (host.clock)(),
    }
}

fn has_prefix(host: &Host) -> impl Fn(&EnvName, &str) -> Option<bool> + Sync {
    |name, prefix| {
        host.variable(name)
            .map(|value| value.expose().starts_with(prefix))
    }
}

/// A label is the identity; without one, a free name is drawn.
fn identity(spec: &StartSpec, taken: &[Identity]) -> Result<Identity, PrepareStartError> {
    if let Some(label) = &spec.label {
        return Ok(label.identity()?);
    }
    loop {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| PrepareStartError::Random)?;
        let identity = identity_for(&spec.agent, &random)?;
        if !taken.contains(&identity) {
            return Ok(identity);
        }
    }
}

fn taken(host: &Host, running: &[Identity]) -> Result<Vec<Identity>, StateError> {
    let mut taken = state::identities(&host.state_root())?;
    taken.extend(running.iter().cloned());
    Ok(taken)
}

/// Warns of a plugin that goes by a built-in's name.
fn shadow_note(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Plugin {
            folder,
            shadows_built_in: true,
        } => Some(format!(
            "the plugin in {} takes the place of a built-in provider",
            folder.display()
        )),
        Origin::Plugin { .. } | Origin::BuiltIn => None,
    }
}

/// What a plan asks for and this build has not.
fn missing_parts(plan: &BottlePlan) -> Vec<String> {
    let mut notes = vec!["this build does not scan what leaves".to_owned()];
    if plan
        .egress
        .routes
        .iter()
        .any(|route| route.owner == RouteOwner::Provider)
    {
        let note = "this build does not look into requests to a model: tools that run at the provider can fetch and send";
        notes.push(note.to_owned());
    }
    notes
}
