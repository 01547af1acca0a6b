//! Which credential the bottle runs with.

use bottle_plan::names::{EnvName, TokenSlot};
use bottle_plan::secret::SecretSource;
use bottle_provider::{ContributionError, ProviderInputs};

use crate::{host_login, route};

/// The credential of one bottle; the value itself is not in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The bottle names none.
    None,
    /// An API key in a host variable.
    ApiKey(EnvName),
    /// The ChatGPT login of the host.
    HostLogin {
        /// The account, which the service is told beside the token.
        account: String,
        /// The account's plan, by which the program chooses its models.
        plan: String,
        /// When the token ends, in seconds since 1970, as far as it says so.
        ends: Option<u64>,
    },
}

impl Credential {
    pub(crate) fn of(inputs: &ProviderInputs<'_>) -> Result<Self, ContributionError> {
        match (&inputs.choice.auth_token, inputs.choice.forward_host_credentials) {
            (None, false) => Ok(Self::None),
            (Some(variable), false) => Ok(Self::ApiKey(variable.clone())),
            (Some(_), true) => Err(ContributionError::Exclusive {
                one: "auth_token",
                other: "forward_host_credentials",
            }),
            (None, true) => {
                let login = host_login::read(inputs.home, inputs.now)?;
                Ok(Self::HostLogin {
                    account: login.account,
                    plan: login.plan,
                    ends: login.ends,
                })
            }
        }
    }

    /// Returns where the value of the route's slot comes from.
    pub(crate) fn source(&self) -> Option<(TokenSlot, SecretSource)> {
        let source = match self {
            Self::None => return None,
            Self::ApiKey(variable) => SecretSource::HostVariable(variable.clone()),
            Self::HostLogin { .. } => SecretSource::Provider {
                what: "access token of ~/.codex/auth.json".to_owned(),
            },
        };
        Some((route::slot(), source))
    }
}
