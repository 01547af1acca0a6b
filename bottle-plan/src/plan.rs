//! The plan itself, and how it is put together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::door::Door;
use crate::egress::{EgressPlan, Route};
use crate::env::EnvValue;
use crate::git::{GitGateInsteadOf, GitRepo, GitUser};
use crate::image::ImagePlan;
use crate::inputs::{BackendFacts, PlanInputs, Skill};
use crate::names::{EnvName, Identity, Name, TokenSlot};
use crate::paths::{GuestPath, GuestPathError};
use crate::provider::ProviderPlan;
use crate::secret::SecretSource;
use crate::spec::StartSpec;
use crate::workspace::{Resources, WorkspacePlan};

/// The version of the plan's rendered form.
pub const PLAN_VERSION: u32 = 1;

/// The fully resolved description of one bottle about to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BottlePlan {
    /// [`PLAN_VERSION`].
    pub version: u32,
    /// The name of the running bottle.
    pub identity: Identity,
    /// What the user asked for.
    pub spec: StartSpec,
    /// The backend that runs it.
    pub backend: Name,
    /// The agent's home in the guest.
    pub guest_home: GuestPath,
    /// What the guest is made from.
    pub image: ImagePlan,
    /// The agent program.
    pub provider: ProviderPlan,
    /// The agent's prompt; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// Skills to copy into the guest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<Skill>,
    /// The guest's variables as the manifest gives them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<EnvName, EnvValue>,
    /// What may leave, the provider's routes included.
    pub egress: EgressPlan,
    /// Where the value of each token slot comes from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<TokenSlot, SecretSource>,
    /// Whose name commits carry.
    #[serde(default)]
    pub git_user: GitUser,
    /// The repositories behind the git gate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repos: Vec<GitRepo>,
    /// Where the guest reaches the git gate.
    pub git_gate_insteadof: GitGateInsteadOf,
    /// The address of the supervise server; none when the agent may not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervise: Option<String>,
    /// The agent's working folder.
    pub workspace: WorkspacePlan,
    /// What the run may use.
    pub resources: Resources,
    /// The doors that the guest gets.
    pub doors: Vec<Door>,
}

impl BottlePlan {
    /// Puts a plan together from what the manifest, the provider, the user and the backend say.
    ///
    /// A provider's route replaces every manifest route for the same host.
    ///
    /// # Errors
    ///
    /// When the guest's home is too long for a workspace below it.
    pub fn assemble(inputs: PlanInputs, backend: BackendFacts) -> Result<Self, GuestPathError> {
        let PlanInputs {
            identity,
            spec,
            manifest,
            provider,
            image,
            workspace,
        } = inputs;
        let guest_home = provider.guest_home.clone();
        let routes = join_routes(provider.routes.clone(), manifest.egress.routes);
        let mut secrets = manifest.secrets;
        secrets.extend(provider.secrets.clone());
        secrets.retain(|slot, _| uses(&routes, slot));
        Ok(Self {
            version: PLAN_VERSION,
            identity,
            spec,
            backend: backend.name,
            workspace: WorkspacePlan {
                guest: guest_home.join("workspace")?,
                source: workspace,
            },
            guest_home,
            image,
            prompt: manifest.prompt,
            skills: manifest.skills,
            env: manifest.env,
            egress: EgressPlan {
                routes,
                ..manifest.egress
            },
            secrets,
            git_user: manifest.git_user,
            doors: doors(manifest.supervise, !manifest.repos.is_empty()),
            repos: manifest.repos,
            git_gate_insteadof: backend.git_gate_insteadof,
            supervise: manifest.supervise.then_some(backend.supervise_mcp_url),
            resources: manifest.resources.or(&provider.resources),
            provider,
        })
    }

    /// Renders the plan as YAML; the same plan always gives the same text.
    ///
    /// # Errors
    ///
    /// Never for a plan of this crate's types; the signature is the serialiser's.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::Error> {
        serde_yaml::to_string(self)
    }
}

fn join_routes(provider: Vec<Route>, manifest: Vec<Route>) -> Vec<Route> {
    let mut routes = provider;
    let shadowed: Vec<_> = routes.iter().map(|route| route.host.clone()).collect();
    routes.extend(
        manifest
            .into_iter()
            .filter(|route| !shadowed.contains(&route.host)),
    );
    routes
}

fn uses(routes: &[Route], slot: &TokenSlot) -> bool {
    routes
        .iter()
        .filter_map(|route| route.auth.as_ref())
        .any(|auth| auth.slot == *slot)
}

fn doors(supervise: bool, git: bool) -> Vec<Door> {
    let wanted = |door: &Door| match door {
        Door::Egress => true,
        Door::GitGate => git,
        Door::Supervise => supervise,
    };
    Door::ALL.into_iter().filter(wanted).collect()
}
