//! Finding a provider by its name.

use std::collections::BTreeMap;
use std::sync::Arc;

use bottle_plan::names::Name;

use crate::AgentProvider;

/// The providers that bottles can choose from.
#[derive(Clone, Default)]
pub struct Registry {
    built_ins: BTreeMap<String, Arc<dyn AgentProvider>>,
}

/// A provider and where it comes from.
#[derive(Clone)]
pub struct Found {
    /// The provider.
    pub provider: Arc<dyn AgentProvider>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a provider comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was registered by the program.
    BuiltIn,
}

/// Says why there is no such provider.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Nobody has that name.
    #[error("there is no provider {name}")]
    Unknown {
        /// What was asked for.
        name: Name,
        /// What there is.
        known: Vec<String>,
    },
}

impl Registry {
    /// Adds a provider; a later one of the same name takes the earlier one's place.
    #[must_use]
    pub fn with(mut self, provider: Arc<dyn AgentProvider>) -> Self {
        self.built_ins.insert(provider.template().to_owned(), provider);
        self
    }

    /// Finds the provider that a bottle names.
    ///
    /// # Errors
    ///
    /// When there is none of that name; the error lists what there is.
    pub fn get_provider(&self, name: &Name) -> Result<Found, RegistryError> {
        let built_in = self.built_ins.get(name.as_str());
        let found = built_in.map(|provider| Found {
            provider: Arc::clone(provider),
            origin: Origin::BuiltIn,
        });
        found.ok_or_else(|| RegistryError::Unknown {
            name: name.clone(),
            known: self.names(),
        })
    }

    /// Returns the names of all providers.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.built_ins.keys().cloned().collect()
    }
}

impl RegistryError {
    /// Returns what the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { name, known } => Some(hint(name.as_str(), known, "none is registered")),
        }
    }
}

/// Says what was probably meant and what there is.
pub(crate) fn hint<S: AsRef<str>>(asked: &str, known: &[S], nothing: &str) -> String {
    let names: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    if names.is_empty() {
        return nothing.to_owned();
    }
    let close = |name: &&&str| strsim::damerau_levenshtein(asked, name) <= 2;
    let meant = names.iter().find(close);
    let meant = meant.map_or_else(String::new, |name| format!("did you mean {name}? "));
    format!("{meant}there is: {}", names.join(", "))
}
