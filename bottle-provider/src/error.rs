//! Why a provider cannot contribute to a plan.

use bottle_plan::egress::{HostPatternError, TokenError};
use bottle_plan::names::{NameError, TokenSlot};
use bottle_plan::paths::GuestPathError;

/// Says why a provider cannot contribute to a plan, or cannot deliver a secret of its own.
#[derive(Debug, thiserror::Error)]
pub enum ContributionError {
    /// A key of `agent_provider` belongs to other providers.
    #[error("`agent_provider.{key}` is not for the provider {provider}")]
    NotSupported {
        /// The key.
        key: &'static str,
        /// The provider.
        provider: String,
        /// What to do about it.
        hint: String,
    },
    /// Two keys of `agent_provider` exclude each other.
    #[error("`agent_provider.{one}` and `agent_provider.{other}` exclude each other")]
    Exclusive {
        /// A key.
        one: &'static str,
        /// The other key.
        other: &'static str,
    },
    /// `agent_provider.settings` holds a key that the provider does not know.
    #[error("the provider {provider} has no setting {key:?}")]
    UnknownSetting {
        /// The provider.
        provider: String,
        /// The key.
        key: String,
        /// What it may be, in words.
        hint: String,
    },
    /// A setting has another type or form than the provider takes.
    #[error("`agent_provider.settings.{key}` must be {wanted}")]
    BadSetting {
        /// The key.
        key: &'static str,
        /// What it may be, in words.
        wanted: &'static str,
    },
    /// The host's own login cannot be used.
    #[error("the host's login cannot be used: {reason}")]
    HostLogin {
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        hint: String,
    },
    /// The provider delivers no such secret.
    #[error("the provider has no secret for the slot {0}")]
    NoSuchSecret(TokenSlot),
    /// A path of the guest would be too long.
    #[error(transparent)]
    Path(#[from] GuestPathError),
    /// A name that the provider makes is malformed.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A host that the provider names is malformed.
    #[error(transparent)]
    Host(#[from] HostPatternError),
    /// A method that the provider names is malformed.
    #[error(transparent)]
    Method(#[from] TokenError),
}

impl ContributionError {
    /// Returns what the user can do about it, when something is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotSupported { hint, .. }
            | Self::UnknownSetting { hint, .. }
            | Self::HostLogin { hint, .. } => Some(hint.clone()),
            Self::Exclusive { one, .. } => Some(format!("remove `{one}` from the bottle")),
            _ => None,
        }
    }
}
