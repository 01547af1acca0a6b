//! What files say, with the place of each value, before and after merging.

use std::collections::BTreeMap;

use bottle_document::Spanned;
use bottle_plan::env::EnvValue;
use bottle_plan::git::GitRepo;
use bottle_plan::image::BuildContext;
use bottle_plan::inputs::SettingValue;
use bottle_plan::names::{EnvName, Name, RepoName};
use bottle_plan::size::ByteSize;
use bottle_routes::EgressDraft;

/// A bottle: of one file, or of several merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BottleDraft {
    pub(crate) env: BTreeMap<EnvName, Spanned<EnvValue>>,
    pub(crate) provider: ProviderDraft,
    pub(crate) egress: Option<EgressDraft>,
    pub(crate) user: UserDraft,
    pub(crate) repos: Option<BTreeMap<RepoName, Spanned<GitRepo>>>,
    pub(crate) supervise: Option<Spanned<bool>>,
    pub(crate) resources: ResourcesDraft,
}

/// The `agent_provider` map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProviderDraft {
    pub(crate) template: Option<Spanned<Name>>,
    pub(crate) dockerfile: Option<Spanned<BuildContext>>,
    pub(crate) auth_token: Option<Spanned<EnvName>>,
    pub(crate) forward_host_credentials: Option<Spanned<bool>>,
    pub(crate) settings: Option<Spanned<BTreeMap<String, SettingValue>>>,
}

/// The `git-gate.user` map of a bottle or an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UserDraft {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) email: Option<Spanned<String>>,
}

/// The `resources` map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourcesDraft {
    pub(crate) millicpus: Option<Spanned<u32>>,
    pub(crate) memory: Option<Spanned<ByteSize>>,
    pub(crate) pids: Option<Spanned<u32>>,
    pub(crate) disk: Option<Spanned<ByteSize>>,
}

/// An agent's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentDraft {
    pub(crate) bottle: Option<Spanned<Name>>,
    pub(crate) skills: Vec<Spanned<Name>>,
    pub(crate) user: UserDraft,
    pub(crate) prompt: Spanned<String>,
}

/// The provider of a bottle that names none.
pub(crate) const DEFAULT_TEMPLATE: &str = "claude";

impl ProviderDraft {
    /// The provider that the other keys are meant for.
    pub(crate) fn template_name(&self) -> &str {
        self.template
            .as_ref()
            .map_or(DEFAULT_TEMPLATE, |template| template.value.as_str())
    }
}
