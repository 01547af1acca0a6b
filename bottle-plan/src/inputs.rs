//! What goes into a plan: the merged manifest, the provider's contribution and the user's choices.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::egress::EgressPlan;
use crate::env::EnvValue;
use crate::git::{GitGateInsteadOf, GitRepo, GitUser};
use crate::image::ImagePlan;
use crate::names::{EnvName, Identity, Name, TokenSlot};
use crate::provider::ProviderPlan;
use crate::secret::SecretSource;
use crate::spec::StartSpec;
use crate::workspace::{Resources, WorkspaceSource};

/// An agent and its bottles, merged, without anything of the user's file format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestInputs {
    /// The agent's prompt, trimmed; may be empty.
    pub prompt: String,
    /// Skills by name, each with its folder on the host.
    pub skills: Vec<Skill>,
    /// The guest's variables.
    pub env: BTreeMap<EnvName, EnvValue>,
    /// Who runs inside.
    pub provider: ProviderChoice,
    /// The egress policy as the bottles say it.
    pub egress: EgressPlan,
    /// Credentials that its routes name.
    pub secrets: BTreeMap<TokenSlot, SecretSource>,
    /// Whose name commits carry.
    pub git_user: GitUser,
    /// The repositories behind the gate.
    pub repos: Vec<GitRepo>,
    /// Whether the agent may ask.
    pub supervise: bool,
    /// What the run may use.
    pub resources: Resources,
}

/// A skill and where it lies on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    /// Its name, also in the guest.
    pub name: Name,
    /// Its folder on the host.
    pub folder: PathBuf,
}

/// The `agent_provider` part of the merged bottles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderChoice {
    /// The provider's name.
    pub template: Name,
    /// A Dockerfile of the bottle's own, absolute, and the files that its build may see.
    pub dockerfile: Option<crate::image::BuildContext>,
    /// The host variable with the agent's credential.
    pub auth_token: Option<EnvName>,
    /// Whether the host's own login is used.
    pub forward_host_credentials: bool,
    /// Settings that only the provider understands: its own keys with texts, numbers, truth values and lists.
    pub settings: BTreeMap<String, SettingValue>,
}

/// A value of `agent_provider.settings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// `true` or `false`, unquoted.
    Bool(bool),
    /// A whole number, unquoted.
    Integer(i64),
    /// Anything else that is a scalar.
    Text(String),
    /// A list.
    List(Vec<SettingValue>),
    /// A map.
    Map(BTreeMap<String, SettingValue>),
}

/// What a backend says about itself when a plan is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendFacts {
    /// The backend's name.
    pub name: Name,
    /// Where the guest reaches the git gate.
    pub git_gate_insteadof: GitGateInsteadOf,
    /// The address of the supervise server in the guest.
    pub supervise_mcp_url: String,
    /// Whether its git gate reaches the user's ssh agent.
    pub ssh_agent: bool,
}

/// Everything that [`crate::BottlePlan::assemble`] puts together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanInputs {
    /// The identity, already known to be free.
    pub identity: Identity,
    /// The user's choices.
    pub spec: StartSpec,
    /// The merged manifest.
    pub manifest: ManifestInputs,
    /// The provider's contribution.
    pub provider: ProviderPlan,
    /// The image of the cascade.
    pub image: ImagePlan,
    /// Where the workspace comes from.
    pub workspace: WorkspaceSource,
}
