//! What a provider is told when it makes its contribution.

use std::path::Path;

use bottle_plan::inputs::ProviderChoice;
use bottle_plan::names::EnvName;

use crate::ContributionError;

/// What a provider is told when it makes its contribution.
#[derive(Clone, Copy)]
pub struct ProviderInputs<'a> {
    /// The `agent_provider` part of the merged bottles.
    pub choice: &'a ProviderChoice,
    /// Tells whether the value of a host variable starts with a text; none when the variable is not set.
    ///
    /// Vendors mark the kind of a credential with a prefix, and a guest's placeholder must be of the same kind. The
    /// value itself never gets here.
    pub has_prefix: &'a (dyn Fn(&EnvName, &str) -> Option<bool> + Sync),
    /// The user's home on the host.
    pub home: &'a Path,
    /// The wall clock, in seconds since 1970.
    pub now: u64,
}

impl ProviderInputs<'_> {
    /// Refuses the keys that only some built-ins implement.
    ///
    /// # Errors
    ///
    /// When the bottle sets one of them.
    pub fn refuse_credentials(&self, provider: &str) -> Result<(), ContributionError> {
        let refused = |key| {
            Err(ContributionError::NotSupported {
                key,
                provider: provider.to_owned(),
                hint: "it belongs to claude or codex; remove it from the bottle".to_owned(),
            })
        };
        if self.choice.auth_token.is_some() {
            return refused("auth_token");
        }
        self.refuse_forwarding(provider)
    }

    /// Refuses `forward_host_credentials`.
    ///
    /// # Errors
    ///
    /// When the bottle sets it.
    pub fn refuse_forwarding(&self, provider: &str) -> Result<(), ContributionError> {
        match self.choice.forward_host_credentials {
            false => Ok(()),
            true => Err(ContributionError::NotSupported {
                key: "forward_host_credentials",
                provider: provider.to_owned(),
                hint: "it belongs to codex; remove it from the bottle".to_owned(),
            }),
        }
    }
}
