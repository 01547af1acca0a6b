//! How bottles become one. Every rule is here and nowhere else.

use crate::draft::{BottleDraft, ProviderDraft, ResourcesDraft, UserDraft};

impl BottleDraft {
    /// Puts a child over its parent: variables and the git user one by one; `egress`, `git-gate.repos` and
    /// `supervise` as a whole, so that an empty one clears.
    #[must_use]
    pub(crate) fn over(self, parent: Self) -> Self {
        let mut env = parent.env;
        env.extend(self.env);
        Self {
            env,
            provider: parent.provider.then(self.provider),
            egress: self.egress.or(parent.egress),
            user: parent.user.then(self.user),
            repos: self.repos.or(parent.repos),
            supervise: self.supervise.or(parent.supervise),
            resources: parent.resources.then(self.resources),
        }
    }

    /// Puts a later bottle beside an earlier one: routes are appended, repositories united, scalars replaced. A
    /// repository of the same name is replaced whole, so that a key never meets another's URL.
    #[must_use]
    pub(crate) fn then(self, later: Self) -> Self {
        let mut env = self.env;
        env.extend(later.env);
        Self {
            env,
            provider: self.provider.then(later.provider),
            egress: both(self.egress, later.egress, |earlier, later| earlier.then(later)),
            user: self.user.then(later.user),
            repos: both(self.repos, later.repos, |mut earlier, later| {
                earlier.extend(later);
                earlier
            }),
            supervise: later.supervise.or(self.supervise),
            resources: self.resources.then(later.resources),
        }
    }
}

impl ProviderDraft {
    /// Replaces scalars one by one. Under another template nothing of the earlier one's is kept: its credential,
    /// image and settings are meant for another program.
    fn then(self, later: Self) -> Self {
        let is_other = later.template.is_some() && later.template_name() != self.template_name();
        if is_other {
            return later;
        }
        Self {
            template: later.template.or(self.template),
            dockerfile: later.dockerfile.or(self.dockerfile),
            auth_token: later.auth_token.or(self.auth_token),
            forward_host_credentials: later.forward_host_credentials.or(self.forward_host_credentials),
            settings: later.settings.or(self.settings),
        }
    }
}

impl UserDraft {
    /// Replaces name and email one by one.
    pub(crate) fn then(self, later: Self) -> Self {
        Self {
            name: later.name.or(self.name),
            email: later.email.or(self.email),
        }
    }
}

impl ResourcesDraft {
    fn then(self, later: Self) -> Self {
        Self {
            millicpus: later.millicpus.or(self.millicpus),
            memory: later.memory.or(self.memory),
            pids: later.pids.or(self.pids),
            disk: later.disk.or(self.disk),
        }
    }
}

fn both<T>(earlier: Option<T>, later: Option<T>, join: impl FnOnce(T, T) -> T) -> Option<T> {
    match (earlier, later) {
        (Some(earlier), Some(later)) => Some(join(earlier, later)),
        (earlier, later) => earlier.or(later),
    }
}

#[cfg(test)]
mod tests;
