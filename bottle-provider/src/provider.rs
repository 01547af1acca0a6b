//! The trait that describes one agent program.

use std::path::Path;

use async_trait::async_trait;
use bottle_backend::Bottle;
use bottle_plan::BottlePlan;
use bottle_plan::names::TokenSlot;
use bottle_plan::provider::ProviderPlan;
use bottle_util::Secret;

use crate::provision::{
    ProvisionError, apply_ca, apply_git, apply_prompt, apply_provision, apply_skills, apply_supervise_mcp,
};
use crate::{AgentRuntime, ContributionError, ProviderInputs};

/// One agent program, described.
///
/// The functions up to [`secret_value`](Self::secret_value) touch at most the host. The rest work on a running
/// guest through its handle alone; their defaults fit Debian and its relatives, and a provider that uses another
/// base system, user or trust store overrides them without touching a backend.
#[async_trait]
pub trait AgentProvider: Send + Sync {
    /// Returns the name that bottles choose it by.
    fn template(&self) -> &str;

    /// Describes the program.
    fn runtime(&self) -> AgentRuntime;

    /// Says what it adds to the plan of one bottle. The plan holds no secret, only where each one comes from.
    ///
    /// # Errors
    ///
    /// When the bottle's `agent_provider` part asks for what the provider has not, or the host lacks it.
    fn provision_plan(&self, inputs: &ProviderInputs<'_>) -> Result<ProviderPlan, ContributionError>;

    /// Returns the arguments, after the program's name, for one unattended run with this prompt.
    fn headless_prompt(&self, prompt: &str) -> Vec<String>;

    /// Returns what the user should know before the yes, one sentence each.
    fn notes(&self, _inputs: &ProviderInputs<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Reads the value of a slot whose source is the provider itself. Called after the user's yes.
    ///
    /// # Errors
    ///
    /// When there is no such slot, or what it is read from has gone since the plan was made.
    fn secret_value(
        &self,
        slot: &TokenSlot,
        _inputs: &ProviderInputs<'_>,
    ) -> Result<Secret, ContributionError> {
        Err(ContributionError::NoSuchSecret(slot.clone()))
    }

    /// Makes the guest trust the bottle's certificate and returns its fingerprint.
    ///
    /// # Errors
    ///
    /// When the guest does not trust it afterwards; the launch ends.
    async fn provision_ca(
        &self,
        plan: &BottlePlan,
        bottle: &dyn Bottle,
        certificate: &Path,
    ) -> Result<String, ProvisionError> {
        apply_ca(plan, bottle, certificate).await
    }

    /// Puts the agent's prompt where the program reads it.
    ///
    /// # Errors
    ///
    /// When the guest refuses the file.
    async fn provision_prompt(&self, plan: &BottlePlan, bottle: &dyn Bottle) -> Result<(), ProvisionError> {
        apply_prompt(plan, bottle).await
    }

    /// Copies the agent's skills from the host.
    ///
    /// # Errors
    ///
    /// When a skill holds a link that leaves it, or the guest refuses a file.
    async fn provision_skills(&self, plan: &BottlePlan, bottle: &dyn Bottle) -> Result<(), ProvisionError> {
        apply_skills(plan, bottle).await
    }

    /// Makes the declared directories and files and runs the declared commands.
    ///
    /// # Errors
    ///
    /// When the guest refuses a file or a command fails.
    async fn provision(&self, plan: &BottlePlan, bottle: &dyn Bottle) -> Result<(), ProvisionError> {
        apply_provision(plan, bottle).await
    }

    /// Writes the agent user's git configuration.
    ///
    /// # Errors
    ///
    /// When the guest refuses the file.
    async fn provision_git(&self, plan: &BottlePlan, bottle: &dyn Bottle) -> Result<(), ProvisionError> {
        apply_git(plan, bottle).await
    }

    /// Registers the supervise server with the program; nothing when the agent may not ask. Returns a warning that
    /// names the manual command when that did not work.
    async fn provision_supervise_mcp(
        &self,
        plan: &BottlePlan,
        bottle: &dyn Bottle,
        url: &str,
    ) -> Option<String> {
        apply_supervise_mcp(plan, bottle, url).await
    }
}
