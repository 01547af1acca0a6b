//! Why a guest could not be provisioned.

use bottle_backend::{CopyError, ExecError};
use bottle_plan::paths::GuestPathError;
use bottle_util::ca::CaError;
use bottle_util::untrusted;

use super::SkillError;
use crate::quoting::shell_words;

/// Says which step of provisioning failed, and why.
#[derive(Debug, thiserror::Error)]
#[error("failed to {step}")]
pub struct ProvisionError {
    /// The step.
    pub step: Step,
    /// Why.
    #[source]
    pub cause: Box<StepError>,
}

/// A step of provisioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The guest trusts the bottle's certificate.
    Trust,
    /// The agent's own prompt.
    Prompt,
    /// The agent's skills.
    Skills,
    /// The provider's directories, files and commands.
    Files,
    /// The agent user's git configuration.
    Git,
}

/// Says why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The bottle's certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] CaError),
    /// A skill cannot be copied as it is.
    #[error(transparent)]
    Skill(#[from] SkillError),
    /// A file could not be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// A path of the guest would be too long.
    #[error(transparent)]
    Path(#[from] GuestPathError),
    /// A command could not be run.
    #[error("`{command}` could not be run")]
    Exec {
        /// The command, as one would type it.
        command: String,
        /// Why not.
        #[source]
        source: ExecError,
    },
    /// A command ended with an error.
    #[error("`{command}` ended with status {status}: {stderr}")]
    Command {
        /// The command, as one would type it.
        command: String,
        /// Its exit status.
        status: i32,
        /// The end of what it printed, made safe to show.
        stderr: String,
    },
}

/// The most characters of a command's output that an error shows.
const MAX_SHOWN: usize = 2_000;

impl Step {
    /// Makes the error of this step.
    #[must_use]
    pub fn failed(self, cause: impl Into<StepError>) -> ProvisionError {
        ProvisionError {
            step: self,
            cause: Box::new(cause.into()),
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Trust => "make the guest trust the bottle's certificate",
            Self::Prompt => "deliver the agent's prompt",
            Self::Skills => "copy the agent's skills",
            Self::Files => "put the provider's files in place",
            Self::Git => "configure git",
        })
    }
}

/// Runs a command that must succeed.
pub(super) async fn run(
    bottle: &dyn bottle_backend::Bottle,
    command: &bottle_backend::ExecCommand,
) -> Result<(), StepError> {
    run_as(&shell_words(&command.argv), bottle, command).await
}

/// Runs a command that must succeed, and that errors show by another name.
pub(super) async fn run_as(
    shown: &str,
    bottle: &dyn bottle_backend::Bottle,
    command: &bottle_backend::ExecCommand,
) -> Result<(), StepError> {
    let output = bottle.exec(command).await.map_err(|source| StepError::Exec {
        command: shown.to_owned(),
        source,
    })?;
    if output.status == 0 {
        return Ok(());
    }
    let printed = match output.stderr.trim_ascii().is_empty() {
        true => output.stdout,
        false => output.stderr,
    };
    Err(StepError::Command {
        command: shown.to_owned(),
        status: output.status,
        stderr: tail(&printed),
    })
}

/// The end of what a guest printed; nobody vouches for it.
fn tail(printed: &[u8]) -> String {
    let text = untrusted::text(String::from_utf8_lossy(printed).trim());
    let skipped = text.chars().count().saturating_sub(MAX_SHOWN);
    text.chars().skip(skipped).collect()
}
