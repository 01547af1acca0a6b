//! Codex, described.

use bottle_plan::names::TokenSlot;
use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{GuestDirectory, MCP_URL, McpRegistration, PROMPT, PromptDelivery, ProviderPlan};
use bottle_provider::{
    AgentProvider, AgentRuntime, ContributionError, ProviderInputs, RuntimeImage, Settings, node_user,
};
use bottle_util::Secret;

use crate::credential::Credential;
use crate::files::{self, Choices};
use crate::{host_login, route};

/// The provider named `codex`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Codex;

const NAME: &str = "codex";
const HOME: &str = "/home/node";
const FOLDER: &str = "/home/node/.codex";

impl AgentProvider for Codex {
    fn template(&self) -> &str {
        NAME
    }

    fn runtime(&self) -> AgentRuntime {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        AgentRuntime {
            command: NAME.to_owned(),
            image: RuntimeImage::Dockerfile(include_str!("../Dockerfile").to_owned()),
            user: node_user(),
            guest_home: GuestPath::from_static(HOME),
            prompt: PromptDelivery::TomlArgument {
                arguments: vec!["-c".to_owned(), format!("developer_instructions={PROMPT}")],
            },
            bypass: words(&["--dangerously-bypass-approvals-and-sandbox"]),
            start: Vec::new(),
            // Without the last word a session of an unattended run is passed over.
            resume: words(&["resume", "--last", "--include-non-interactive"]),
            headless: self.headless_prompt(PROMPT),
            resume_headless: words(&["exec", "resume", "--last", "--", PROMPT]),
        }
    }

    fn provision_plan(&self, inputs: &ProviderInputs<'_>) -> Result<ProviderPlan, ContributionError> {
        let choices = choices(inputs)?;
        let credential = Credential::of(inputs)?;
        let mut plan = ProviderPlan {
            skills: Some(GuestPath::from_static(FOLDER).join("skills")?),
            // Node, which starts the program, reads proxy variables only when it is told to.
            env: [("NODE_USE_ENV_PROXY".parse()?, "1".to_owned())].into(),
            directories: vec![GuestDirectory {
                path: GuestPath::from_static(FOLDER),
                mode: 0o700,
            }],
            files: files::files(&credential, &choices)?,
            mcp: McpRegistration::Command(
                ["codex", "mcp", "add", "supervise", "--url", MCP_URL]
                    .map(str::to_owned)
                    .into(),
            ),
            ..self.runtime().contribution(inputs.choice.template.clone())
        };
        plan.routes.extend(route::to(&credential)?);
        plan.secrets.extend(credential.source());
        Ok(plan)
    }

    fn headless_prompt(&self, prompt: &str) -> Vec<String> {
        ["exec", "--", prompt].map(str::to_owned).into()
    }

    fn notes(&self, inputs: &ProviderInputs<'_>) -> Vec<String> {
        match Credential::of(inputs) {
            Ok(Credential::None) => vec![
                "codex has no credential and will ask for a login: name the host variable with an API key in \
                 `agent_provider.auth_token`, or set `agent_provider.forward_host_credentials: true`"
                    .to_owned(),
            ],
            Ok(Credential::HostLogin { ends: Some(ends), .. }) => {
                let minutes = ends.saturating_sub(inputs.now) / 60;
                let left = format!("{} h {} min", minutes / 60, minutes % 60);
                vec![format!(
                    "the host's codex login is used and ends in {left}; it is not renewed in the bottle"
                )]
            }
            _ => Vec::new(),
        }
    }

    fn secret_value(
        &self,
        slot: &TokenSlot,
        inputs: &ProviderInputs<'_>,
    ) -> Result<Secret, ContributionError> {
        match inputs.choice.forward_host_credentials && *slot == route::slot() {
            true => Ok(host_login::read(inputs.home, inputs.now)?.access_token),
            false => Err(ContributionError::NoSuchSecret(slot.clone())),
        }
    }
}

fn choices<'a>(inputs: &ProviderInputs<'a>) -> Result<Choices<'a>, ContributionError> {
    let mut settings = Settings::new(NAME, &inputs.choice.settings);
    let effort = |text: &str| files::EFFORTS.contains(&text);
    let choices = Choices {
        model: settings.text("model", "the name of a model", files::is_model)?,
        effort: settings.text(
            "reasoning_effort",
            "one of minimal, low, medium, high, xhigh",
            effort,
        )?,
    };
    settings.finish()?;
    Ok(choices)
}

#[cfg(test)]
mod tests;
