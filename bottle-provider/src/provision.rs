//! Putting what a plan says about an agent into a running guest, in one order for all providers.

mod apply;
mod batch;
mod ca;
mod error;
mod mcp;
mod skills;

use std::path::Path;

use bottle_backend::{Bottle, Progress};
use bottle_plan::BottlePlan;
use tokio::sync::watch;

use crate::AgentProvider;
use batch::Batch;

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
/// and commands, git, and the supervise server last. The workspace is there already: the backend brings it along.
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
    let (trusted, trust) = watch::channel(false);
    let certified = async {
        let fingerprint = provider.provision_ca(plan, bottle, sources.certificate).await?;
        trusted.send_replace(true);
        Ok(fingerprint)
    };
    // Files may come while the trust store is made; no command does.
    let batch = Batch::new(bottle, trust);
    let (fingerprint, warning) = tokio::try_join!(certified, furnish(provider, &batch, plan, sources))?;
    Ok(ProvisionReport {
        fingerprint,
        warnings: warning.into_iter().collect(),
    })
}

/// Makes a guest that was preserved trust the certificate of its new sidecar. All else is there as its agent left it,
/// and is put nowhere again: what an agent has made of its folders decides where a file would go.
///
/// # Errors
///
/// When the trust store cannot be made.
pub async fn renew_trust(
    provider: &dyn AgentProvider,
    bottle: &dyn Bottle,
    plan: &BottlePlan,
    sources: &ProvisionSources<'_>,
    progress: &dyn Progress,
) -> Result<ProvisionReport, ProvisionError> {
    progress.step("renewing the guest's trust");
    Ok(ProvisionReport {
        fingerprint: provider.provision_ca(plan, bottle, sources.certificate).await?,
        warnings: Vec::new(),
    })
}

/// All but the trust store. Returns a warning when the supervise server is not registered.
async fn furnish(
    provider: &dyn AgentProvider,
    bottle: &Batch<'_>,
    plan: &BottlePlan,
    sources: &ProvisionSources<'_>,
) -> Result<Option<String>, ProvisionError> {
    provider.provision_prompt(plan, bottle).await?;
    provider.provision_skills(plan, bottle).await?;
    provider.provision(plan, bottle).await?;
    provider.provision_git(plan, bottle).await?;
    let put = bottle.flush().await;
    put.map_err(|error| Step::Files.failed(error))?;
    Ok(match (&plan.supervise, sources.supervise_url) {
        (Some(_), Some(url)) => provider.provision_supervise_mcp(plan, bottle, url).await,
        _ => None,
    })
}

#[cfg(test)]
mod tests;
