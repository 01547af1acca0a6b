//! Finding a provider by its name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bottle_document::{Diagnostics, nearest};
use bottle_plan::names::Name;

use crate::AgentProvider;
use crate::plugin::{Plugin, Plugins};

/// The providers that bottles can choose from.
#[derive(Clone, Default)]
pub struct Registry {
    built_ins: BTreeMap<String, Arc<dyn AgentProvider>>,
    plugins: Option<Plugins>,
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
    /// It is a plugin of the user's.
    Plugin {
        /// Its folder.
        folder: PathBuf,
        /// Whether a built-in has the same name, which the user should know before the yes.
        shadows_built_in: bool,
    },
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
    /// A plugin has that name and cannot be used.
    #[error("the plugin {name} cannot be used")]
    Plugin {
        /// Its name.
        name: Name,
        /// Every mistake in it, to be rendered.
        diagnostics: Box<Diagnostics>,
    },
}

impl Registry {
    /// Adds a provider; a later one of the same name takes the earlier one's place.
    #[must_use]
    pub fn with(mut self, provider: Arc<dyn AgentProvider>) -> Self {
        self.built_ins.insert(provider.template().to_owned(), provider);
        self
    }

    /// Adds the plugins of a user, which go before built-ins of the same name.
    #[must_use]
    pub fn with_plugins(self, plugins: Plugins) -> Self {
        Self {
            plugins: Some(plugins),
            ..self
        }
    }

    /// Finds the provider that a bottle names: the user's plugin first, then what was registered.
    ///
    /// # Errors
    ///
    /// When there is none of that name; the error lists what there is. When the plugin of that name has mistakes; a
    /// built-in does not take its place.
    pub fn get_provider(&self, name: &Name) -> Result<Found, RegistryError> {
        if let Some(plugin) = self.plugin(name)? {
            return Ok(plugin);
        }
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

    /// Returns the names of all providers, those of plugins with mistakes included.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let plugins = self.plugins.iter().flat_map(Plugins::names);
        let mut names: Vec<String> = self.built_ins.keys().cloned().chain(plugins).collect();
        names.sort();
        names.dedup();
        names
    }

    fn plugin(&self, name: &Name) -> Result<Option<Found>, RegistryError> {
        let Some(opened) = self.plugins.as_ref().and_then(|plugins| plugins.open(name)) else {
            return Ok(None);
        };
        let mut diagnostics = Diagnostics::default();
        let loaded = diagnostics.accept(opened).and_then(|folder| {
            let plugin = Plugin::load(&folder, &mut diagnostics)?;
            Some((plugin, folder.path))
        });
        let Some((plugin, folder)) = loaded else {
            return Err(RegistryError::Plugin {
                name: name.clone(),
                diagnostics: Box::new(diagnostics),
            });
        };
        Ok(Some(Found {
            provider: Arc::new(plugin),
            origin: Origin::Plugin {
                folder,
                shadows_built_in: self.built_ins.contains_key(name.as_str()),
            },
        }))
    }
}

impl RegistryError {
    /// Returns what the user can do about it, when something is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { name, known } => Some(hint(name.as_str(), known, "none is registered")),
            Self::Plugin { .. } => None,
        }
    }
}

/// Says what was probably meant and what there is.
pub(crate) fn hint<S: AsRef<str>>(asked: &str, known: &[S], nothing: &str) -> String {
    let names: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    if names.is_empty() {
        return nothing.to_owned();
    }
    let meant = nearest(asked, names.iter().copied());
    let meant = meant.map_or_else(String::new, |name| format!("did you mean {name}? "));
    format!("{meant}there is: {}", names.join(", "))
}
