//! The values of a plan's secrets, read after the user's yes and never written down.

use std::collections::BTreeMap;

use bottle_plan::BottlePlan;
use bottle_plan::env::EnvValue;
use bottle_plan::names::{EnvName, TokenSlot};
use bottle_plan::secret::SecretSource;
use bottle_provider::{AgentProvider, ContributionError, ProviderInputs};
use bottle_util::Secret;

use crate::Host;

/// Asks the user for a secret; an error when nobody can be asked.
pub type AskSecret<'a> = &'a mut (dyn FnMut(&str) -> std::io::Result<Secret> + Send);

/// The values that one run needs.
#[derive(Debug, Default)]
pub struct RunSecrets {
    /// What routes inject, for the egress door only.
    pub tokens: BTreeMap<TokenSlot, Secret>,
    /// What the bottle's owner wants inside the guest, for each command that runs there.
    pub env: Vec<(EnvName, Secret)>,
}

/// Says which secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A host variable is not set.
    #[error("the host variable {0} is not set")]
    Unset(EnvName),
    /// A host variable is set to nothing.
    #[error("the host variable {0} is empty, and a credential cannot be")]
    Empty(EnvName),
    /// A value that would break out of its line.
    #[error("the value of {0} holds a line break or a NUL")]
    Malformed(String),
    /// Nobody could be asked.
    #[error("cannot ask for {name}")]
    Ask {
        /// What was to be asked for.
        name: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The provider could not read it.
    #[error(transparent)]
    Provider(#[from] ContributionError),
}

/// Reads every value that a plan refers to.
///
/// # Errors
///
/// The first value that cannot be had.
pub fn collect_secrets(
    plan: &BottlePlan,
    provider: &dyn AgentProvider,
    inputs: &ProviderInputs<'_>,
    host: &Host,
    ask: AskSecret<'_>,
) -> Result<RunSecrets, SecretError> {
    let mut secrets = RunSecrets::default();
    for (slot, source) in &plan.secrets {
        let value = match source {
            SecretSource::HostVariable(name) => credential(host, name)?,
            SecretSource::Answer { question } => answer(ask, slot.as_str(), question)?,
            SecretSource::Provider { .. } => provider.secret_value(slot, inputs)?,
        };
        secrets
            .tokens
            .insert(slot.clone(), one_line(slot.as_str(), value)?);
    }
    for (name, value) in &plan.env {
        let value = match value {
            EnvValue::Literal(_) => continue,
            EnvValue::HostVariable(source) => variable(host, source)?,
            EnvValue::Answer { question } => {
                answer(ask, name.as_str(), question.as_deref().unwrap_or(name.as_str()))?
            }
        };
        secrets.env.push((name.clone(), one_line(name.as_str(), value)?));
    }
    Ok(secrets)
}

fn variable(host: &Host, name: &EnvName) -> Result<Secret, SecretError> {
    host.variable(name)
        .cloned()
        .ok_or_else(|| SecretError::Unset(name.clone()))
}

fn credential(host: &Host, name: &EnvName) -> Result<Secret, SecretError> {
    let value = variable(host, name)?;
    if value.is_empty() {
        Err(SecretError::Empty(name.clone()))
    } else {
        Ok(value)
    }
}

fn answer(ask: AskSecret<'_>, name: &str, question: &str) -> Result<Secret, SecretError> {
    ask(question).map_err(|source| SecretError::Ask {
        name: name.to_owned(),
        source,
    })
}

fn one_line(name: &str, value: Secret) -> Result<Secret, SecretError> {
    match value.expose().contains(['\n', '\r', '\0']) {
        true => Err(SecretError::Malformed(name.to_owned())),
        false => Ok(value),
    }
}
