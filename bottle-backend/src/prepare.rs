//! The part of preparing a plan that is the same on every backend: it only looks, and says all that is wrong at once.

use std::path::PathBuf;

use bottle_plan::BottlePlan;
use bottle_plan::env::EnvValue;
use bottle_plan::git::{GitKey, GitRepo};
use bottle_plan::inputs::{BackendFacts, PlanInputs};
use bottle_plan::names::{EnvName, Identity, Name, RepoName};
use bottle_plan::secret::SecretSource;
use bottle_plan::workspace::WorkspaceSource;
use bottle_wire::git_gate::{GatherError, RepoBoot};

use crate::Backend;

/// What preparing looks at on the host.
pub struct HostView<'a> {
    /// Whether a variable is set in the command's environment.
    pub has_variable: &'a (dyn Fn(&EnvName) -> bool + Sync),
    /// The socket of the user's ssh agent.
    pub agent: Option<PathBuf>,
    /// Identities in use, on any backend or in the state folder.
    pub taken: &'a [Identity],
    /// The user's home.
    pub home: PathBuf,
    /// Where bottles, agents and state lie.
    pub bottle_home: PathBuf,
}

/// Says everything that stands in the way of a plan.
#[derive(Debug, thiserror::Error)]
#[error("the bottle cannot be prepared: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct PrepareError(pub Vec<Problem>);

/// One thing that stands in the way of a plan.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A variable that the bottle names is not set.
    #[error("the host variable {0} is not set")]
    VariableUnset(EnvName),
    /// A skill is not there.
    #[error("skill {name} has no SKILL.md in {folder}")]
    SkillMissing {
        /// Its name.
        name: Name,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The identity is in use.
    #[error("the name {0} is taken")]
    NameTaken(Identity),
    /// The workspace would hand over more than a project.
    #[error("{path} cannot be a workspace: {why}")]
    Workspace {
        /// The folder.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// What a repository's credential refers to cannot be used.
    #[error("repository {repo}: {source}")]
    Repository {
        /// The repository.
        repo: RepoName,
        /// Why.
        source: GatherError,
    },
    /// The user's ssh agent is out of the git gate's reach.
    #[error(
        "repository {repo}: the git gate of the backend {backend} does not reach your ssh agent; \
         name a key file with `key: {{provider: static, path: ...}}`"
    )]
    AgentOutOfReach {
        /// The repository.
        repo: RepoName,
        /// The backend.
        backend: Name,
    },
    /// A path of the plan would be too long.
    #[error(transparent)]
    Path(#[from] bottle_plan::paths::GuestPathError),
}

/// Makes the plan, or says all that stands in its way.
///
/// # Errors
///
/// Every problem found, in one go.
pub fn prepare(
    backend: &dyn Backend,
    inputs: PlanInputs,
    host: &HostView<'_>,
) -> Result<BottlePlan, PrepareError> {
    let mut problems = Vec::new();
    if host.taken.contains(&inputs.identity) {
        problems.push(Problem::NameTaken(inputs.identity.clone()));
    }
    problems.extend(workspace_problem(&inputs.workspace, host));
    problems.extend(missing_skills(&inputs));
    let facts = backend.facts();
    problems.extend(unusable_repos(&inputs.manifest.repos, &facts, host));
    let plan = match BottlePlan::assemble(inputs, facts) {
        Ok(plan) => plan,
        Err(error) => {
            problems.push(error.into());
            return Err(PrepareError(problems));
        }
    };
    problems.extend(unset_variables(&plan, host));
    if problems.is_empty() {
        Ok(plan)
    } else {
        Err(PrepareError(problems))
    }
}

fn unusable_repos(repos: &[GitRepo], facts: &BackendFacts, host: &HostView<'_>) -> Vec<Problem> {
    let problem = |repo: &GitRepo| {
        let name = repo.name.clone();
        if repo.key == Some(GitKey::SshAgent) && !facts.ssh_agent {
            return Some(Problem::AgentOutOfReach {
                repo: name,
                backend: facts.name.clone(),
            });
        }
        let checked = RepoBoot::check(repo, host.has_variable, host.agent.as_deref());
        checked
            .err()
            .map(|source| Problem::Repository { repo: name, source })
    };
    repos.iter().filter_map(problem).collect()
}

fn missing_skills(inputs: &PlanInputs) -> impl Iterator<Item = Problem> {
    let missing = inputs
        .manifest
        .skills
        .iter()
        .filter(|skill| !skill.folder.join("SKILL.md").is_file());
    missing.map(|skill| Problem::SkillMissing {
        name: skill.name.clone(),
        folder: skill.folder.clone(),
    })
}

fn unset_variables(plan: &BottlePlan, host: &HostView<'_>) -> Vec<Problem> {
    let in_env = plan.env.values().filter_map(|value| match value {
        EnvValue::HostVariable(name) => Some(name),
        _ => None,
    });
    let in_secrets = plan.secrets.values().filter_map(|source| match source {
        SecretSource::HostVariable(name) => Some(name),
        _ => None,
    });
    let mut names: Vec<&EnvName> = in_env
        .chain(in_secrets)
        .filter(|name| !(host.has_variable)(name))
        .collect();
    names.sort();
    names.dedup();
    names.into_iter().cloned().map(Problem::VariableUnset).collect()
}

/// A workspace that is, holds or lies above the home, or touches the folder of bottles, is the whole user's.
fn workspace_problem(source: &WorkspaceSource, host: &HostView<'_>) -> Option<Problem> {
    let (WorkspaceSource::Copy { host: path, .. } | WorkspaceSource::Mount { host: path }) = source else {
        return None;
    };
    let problem = |why| {
        Some(Problem::Workspace {
            path: path.clone(),
            why,
        })
    };
    let Ok(real) = path.canonicalize() else {
        return problem("it does not exist");
    };
    if !real.is_dir() {
        return problem("it is not a folder");
    }
    let canonical = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    let bottles = canonical(&host.bottle_home);
    if canonical(&host.home).starts_with(&real) {
        return problem("it is or contains your home folder");
    }
    if bottles.starts_with(&real) || real.starts_with(&bottles) {
        return problem("it touches the folder that holds your bottles");
    }
    None
}
