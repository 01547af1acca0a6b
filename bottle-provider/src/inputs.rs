//! What a provider is told when it makes its contribution.

use std::path::Path;

use bottle_plan::inputs::ProviderChoice;
use bottle_plan::names::EnvName;

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
