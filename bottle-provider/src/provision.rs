//! Putting what a plan says about an agent into a running guest, in one order for all providers.

mod apply;
mod ca;
mod error;
mod mcp;
mod skills;

use std::path::Path;

use bottle_backend::{Bottle, CopyOwner, Progress, PutFile};
use bottle_plan::BottlePlan;
use bottle_plan::workspace::WorkspaceSource;

use crate::AgentProvider;

pub use apply::{apply_git, apply_prompt, apply_provision};
pub use ca::apply_ca;
pub use error::{ProvisionError, Step, StepError};
pub use mcp::apply_supervise_mcp;
pub use skills::{SkillError, apply_skills, check_skill};

/// What provisioning needs of the host beyond the plan.
#[derive(Debug, Clone, Copy)]
pub struct ProvisionSources<'a> {
    /// The bottle's certificate, PEM.
    pub certificate: &'a Path,
    /// A folder whose contents become the workspace, already rid of what must not enter the guest; none when the
    /// workspace starts empty or is mounted.
    pub workspace: Option<&'a Path>,
    /// The address of the supervise server in the guest; none when its door is not open.
    pub supervise_url: Option<&'a str>,
}

/// What provisioning has to tell the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProvisionReport {
    /// The SHA-256 fingerprint of the certificate that the guest trusts now.
    pub fingerprint: String,
    /// What did not work and did not end the launch.
    pub warnings: Vec<String>,
}

/// Provisions a guest: the trust store before anything makes a TLS call, then prompt, skills, the provider's files
/// and commands, workspace, git, and the supervise server last.
///
/// # Errors
///
/// The first step that fails, with its command and what that command printed.
pub async fn provision(
    provider: &dyn AgentProvider,
    bottle: &dyn Bottle,
    plan: &BottlePlan,
    sources: &ProvisionSources<'_>,
    progress: &dyn Progress,
) -> Result<ProvisionReport, ProvisionError> {
    progress.step("provisioning the guest");
    let fingerprint = provider.provision_ca(plan, bottle, sources.certificate).await?;
    provider.provision_prompt(plan, bottle).await?;
    provider.provision_skills(plan, bottle).await?;
    provider.provision(plan, bottle).await?;
    fill_workspace(plan, bottle, sources.workspace).await?;
    provider.provision_git(plan, bottle).await?;
    let warning = match (&plan.supervise, sources.supervise_url) {
        (Some(_), Some(url)) => provider.provision_supervise_mcp(plan, bottle, url).await,
        _ => None,
    };
    Ok(ProvisionReport {
        fingerprint,
        warnings: warning.into_iter().collect(),
    })
}

async fn fill_workspace(
    plan: &BottlePlan,
    bottle: &dyn Bottle,
    folder: Option<&Path>,
) -> Result<(), ProvisionError> {
    let guest = &plan.workspace.guest;
    if let WorkspaceSource::Mount { .. } = plan.workspace.source {
        // It is there already, and what belongs to the host's user is not ours to change.
        return Ok(());
    }
    let directory = PutFile {
        path: guest.clone(),
        mode: 0o755,
        content: None,
    };
    let made = bottle.put(&[directory], CopyOwner::Agent).await;
    made.map_err(|error| Step::Workspace.failed(error))?;
    if let Some(folder) = folder {
        let copied = bottle.cp_in(folder, guest, CopyOwner::Agent).await;
        copied.map_err(|error| Step::Workspace.failed(error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
