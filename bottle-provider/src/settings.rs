//! Reading `agent_provider.settings`, which only the provider understands.

use std::collections::BTreeMap;

use bottle_plan::inputs::SettingValue;

use crate::ContributionError;

/// Hands out the settings of one provider once each and refuses the rest.
#[derive(Debug)]
pub struct Settings<'a> {
    provider: &'a str,
    values: &'a BTreeMap<String, SettingValue>,
    known: Vec<&'static str>,
}

impl<'a> Settings<'a> {
    /// Starts on a provider's settings.
    #[must_use]
    pub fn new(provider: &'a str, values: &'a BTreeMap<String, SettingValue>) -> Self {
        Self {
            provider,
            values,
            known: Vec::new(),
        }
    }

    /// Returns a text that passes a test; `wanted` says in words what the test asks for.
    ///
    /// # Errors
    ///
    /// When the setting is there and is anything else.
    pub fn text(
        &mut self,
        key: &'static str,
        wanted: &'static str,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Option<&'a str>, ContributionError> {
        self.known.push(key);
        match self.values.get(key) {
            None => Ok(None),
            Some(SettingValue::Text(text)) if fits(text) => Ok(Some(text)),
            Some(_) => Err(ContributionError::BadSetting { key, wanted }),
        }
    }

    /// Refuses every setting that nobody asked for.
    ///
    /// # Errors
    ///
    /// The first one, with what was probably meant and what there is.
    pub fn finish(self) -> Result<(), ContributionError> {
        let unknown = self.values.keys().find(|key| !self.known.contains(&key.as_str()));
        unknown.map_or(Ok(()), |key| {
            Err(ContributionError::UnknownSetting {
                provider: self.provider.to_owned(),
                key: key.clone(),
                hint: crate::registry::hint(key, &self.known, "it takes no settings"),
            })
        })
    }
}
