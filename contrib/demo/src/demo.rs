//! The demo agent, described.

use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{GuestDirectory, GuestFile, PROMPT, PromptDelivery, ProviderPlan};
use bottle_provider::{
    AgentProvider, AgentRuntime, ContributionError, ProviderInputs, RuntimeImage, Settings, node_user,
};

/// The provider named `demo`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demo;

const HOME: &str = "/home/node";
const FOLDER: &str = "/home/node/.demo";
const SCRIPT: &str = "/home/node/.demo/agent";
const ABOUT: &str = "/home/node/.demo/about.md";

impl AgentProvider for Demo {
    fn template(&self) -> &str {
        "demo"
    }

    fn runtime(&self) -> AgentRuntime {
        let about = GuestPath::from_static(ABOUT);
        let headless = self.headless_prompt(PROMPT);
        AgentRuntime {
            command: SCRIPT.to_owned(),
            image: RuntimeImage::Dockerfile(include_str!("../Dockerfile").to_owned()),
            user: node_user(),
            guest_home: GuestPath::from_static(HOME),
            prompt: PromptDelivery::File {
                path: about,
                arguments: vec!["--about".to_owned(), ABOUT.to_owned()],
            },
            bypass: Vec::new(),
            start: Vec::new(),
            resume: vec!["--resume".to_owned()],
            resume_headless: [vec!["--resume".to_owned()], headless.clone()].concat(),
            headless,
        }
    }

    fn provision_plan(&self, inputs: &ProviderInputs<'_>) -> Result<ProviderPlan, ContributionError> {
        inputs.refuse_credentials("demo")?;
        let mut runtime = self.runtime();
        let mut settings = Settings::new("demo", &inputs.choice.settings);
        for key in ["visit", "refused"] {
            if let Some(address) = settings.text(key, "an http:// or https:// address", is_address)? {
                runtime.bypass.extend([format!("--{key}"), address.to_owned()]);
            }
        }
        settings.finish()?;
        Ok(ProviderPlan {
            skills: Some(GuestPath::from_static(FOLDER).join("skills")?),
            directories: vec![GuestDirectory {
                path: GuestPath::from_static(FOLDER),
                mode: 0o700,
            }],
            files: vec![GuestFile {
                path: GuestPath::from_static(SCRIPT),
                mode: 0o755,
                content: include_str!("../agent.sh").to_owned(),
            }],
            ..runtime.contribution(inputs.choice.template.clone())
        })
    }

    fn headless_prompt(&self, prompt: &str) -> Vec<String> {
        vec!["--prompt".to_owned(), prompt.to_owned()]
    }
}

/// The script puts addresses between single quotes.
fn is_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && text.chars().all(|c| c.is_ascii_graphic() && c != '\'')
}

#[cfg(test)]
mod tests;
