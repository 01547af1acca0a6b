//! The merged manifest, as plain data.

use std::fmt;
use std::path::PathBuf;

use bottle_document::{Diagnostic, Diagnostics, Spanned};
use bottle_plan::git::GitUser;
use bottle_plan::inputs::{ManifestInputs, ProviderChoice, Skill};
use bottle_plan::names::Name;
use bottle_plan::workspace::Resources;
use bottle_routes::EgressTable;

use crate::draft::{AgentDraft, BottleDraft, DEFAULT_TEMPLATE, ProviderDraft, ResourcesDraft, UserDraft};
use crate::load::FoundAgent;
use crate::origin::{Origin, explain};
use crate::trust::AgentOrigin;

/// An agent and its bottles, merged.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The agent.
    pub agent: Name,
    /// The agent's file.
    pub agent_path: PathBuf,
    /// Whose text the prompt is.
    pub agent_origin: AgentOrigin,
    /// The bottles that were merged, in their order.
    pub bottles: Vec<Name>,
    /// What goes into a plan.
    pub inputs: ManifestInputs,
    /// Which file each half of the git user came from.
    pub git_user: GitUserOrigin,
    /// Every effective value and what set it.
    pub origins: Vec<Origin>,
    /// What the user should know although it forbids nothing.
    pub warnings: Diagnostics,
}

/// Which file each half of the git user came from, if it is set at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GitUserOrigin {
    /// Who set `user.name`.
    pub name: Option<SetByFile>,
    /// Who set `user.email`.
    pub email: Option<SetByFile>,
}

/// One of the two kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetByFile {
    /// The agent's, whose claim is not vouched for.
    Agent,
    /// A bottle's.
    Bottle,
}

impl Manifest {
    pub(crate) fn assemble(
        name: &Name,
        agent: FoundAgent,
        bottles: Vec<Name>,
        bottle: BottleDraft,
        skills: Vec<Skill>,
    ) -> Result<Self, Diagnostic> {
        let git_user = GitUserOrigin::of(&agent.draft.user, &bottle.user);
        let origins = explain(&agent, &bottle);
        Ok(Self {
            agent: name.clone(),
            agent_path: agent.path,
            agent_origin: agent.origin,
            bottles,
            inputs: inputs(agent.draft, bottle, skills)?,
            git_user,
            origins,
            warnings: Diagnostics::default(),
        })
    }
}

impl GitUserOrigin {
    fn of(agent: &UserDraft, bottle: &UserDraft) -> Self {
        let origin = |agent: &Option<Spanned<String>>, bottle: &Option<Spanned<String>>| {
            let agent = agent.as_ref().map(|_| SetByFile::Agent);
            agent.or(bottle.as_ref().map(|_| SetByFile::Bottle))
        };
        Self {
            name: origin(&agent.name, &bottle.name),
            email: origin(&agent.email, &bottle.email),
        }
    }
}

impl fmt::Display for SetByFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "(agent)",
            Self::Bottle => "(bottle)",
        })
    }
}

fn inputs(agent: AgentDraft, bottle: BottleDraft, skills: Vec<Skill>) -> Result<ManifestInputs, Diagnostic> {
    let user = bottle.user.then(agent.user);
    let table = EgressTable::from_draft(bottle.egress.unwrap_or_default());
    Ok(ManifestInputs {
        prompt: agent.prompt.value,
        skills,
        env: bottle
            .env
            .into_iter()
            .map(|(name, variable)| (name, variable.value))
            .collect(),
        provider: provider(bottle.provider)?,
        egress: table.plan,
        secrets: table.secrets,
        git_user: GitUser {
            name: user.name.map(value),
            email: user.email.map(value),
        },
        repos: bottle
            .repos
            .unwrap_or_default()
            .into_values()
            .map(value)
            .collect(),
        supervise: bottle.supervise.is_none_or(value),
        resources: resources(bottle.resources),
    })
}

fn provider(draft: ProviderDraft) -> Result<ProviderChoice, Diagnostic> {
    let template = match draft.template {
        Some(template) => template.value,
        None => DEFAULT_TEMPLATE
            .parse()
            .map_err(|error| crate::read::refuse_name(DEFAULT_TEMPLATE, &error))?,
    };
    Ok(ProviderChoice {
        template,
        dockerfile: draft.dockerfile.map(value),
        auth_token: draft.auth_token.map(value),
        forward_host_credentials: draft.forward_host_credentials.is_some_and(value),
        settings: draft.settings.map(value).unwrap_or_default(),
    })
}

fn resources(draft: ResourcesDraft) -> Resources {
    Resources {
        millicpus: draft.millicpus.map(value),
        memory: draft.memory.map(value),
        pids: draft.pids.map(value),
        disk: draft.disk.map(value),
    }
}

fn value<T>(spanned: Spanned<T>) -> T {
    spanned.value
}
