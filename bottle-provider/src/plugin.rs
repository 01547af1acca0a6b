//! User plugins: agent programs that a file describes, without a line of code loaded into this program.

mod arguments;
mod egress;
mod field;
mod files;
mod folder;
mod ground;
mod placeholders;
mod read;
mod system;

use bottle_document::{Diagnostics, parse};
use bottle_plan::names::Name;
use bottle_plan::provider::{PROMPT, ProviderPlan};

use crate::{AgentProvider, AgentRuntime, ContributionError, ProviderInputs, Settings};

pub(crate) use folder::PluginFolder;
pub use folder::Plugins;

/// The file that describes a plugin.
const FILE: &str = "provider.yaml";

/// A plugin, read and found to be in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plugin {
    name: Name,
    runtime: AgentRuntime,
    contribution: ProviderPlan,
}

impl Plugin {
    /// Reads a plugin and reports every mistake in it; none if there was an error.
    pub(crate) fn load(folder: &PluginFolder, diagnostics: &mut Diagnostics) -> Option<Self> {
        let before = diagnostics.errors();
        let source = diagnostics.accept(folder.read(FILE))?;
        let node = parse(&source.whole(), diagnostics)?;
        let plugin = read::plugin(&node, folder, diagnostics);
        plugin.filter(|_| diagnostics.errors() == before)
    }
}

impl AgentProvider for Plugin {
    fn template(&self) -> &str {
        self.name.as_str()
    }

    fn runtime(&self) -> AgentRuntime {
        self.runtime.clone()
    }

    fn provision_plan(&self, inputs: &ProviderInputs<'_>) -> Result<ProviderPlan, ContributionError> {
        inputs.refuse_credentials(self.template())?;
        Settings::new(self.template(), &inputs.choice.settings).finish()?;
        Ok(self.contribution.clone())
    }

    fn headless_prompt(&self, prompt: &str) -> Vec<String> {
        let place = |argument: &String| argument.replacen(PROMPT, prompt, 1);
        self.runtime.headless.iter().map(place).collect()
    }
}

#[cfg(test)]
mod tests;
