//! Claude Code, described.

use std::collections::BTreeMap;

use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{GuestDirectory, MCP_URL, McpRegistration, PROMPT, PromptDelivery, ProviderPlan};
use bottle_plan::secret::SecretSource;
use bottle_provider::{
    AgentProvider, AgentRuntime, ContributionError, ProviderInputs, RuntimeImage, Settings, node_user,
};

use crate::credential::Credential;
use crate::{files, route};

/// The provider named `claude`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claude;

const NAME: &str = "claude";
const HOME: &str = "/home/node";
const FOLDER: &str = "/home/node/.claude";
const PROMPT_FILE: &str = "/home/node/.claude/bottle-prompt.md";
/// The program refuses to add a server that it knows already, so an old entry goes first.
const REGISTER: &str = "claude mcp remove --scope user supervise >/dev/null 2>&1; \
                        exec claude mcp add-json --scope user supervise \"$1\"";

impl AgentProvider for Claude {
    fn template(&self) -> &str {
        NAME
    }

    fn runtime(&self) -> AgentRuntime {
        let resume = vec!["--continue".to_owned()];
        let headless = self.headless_prompt(PROMPT);
        AgentRuntime {
            command: NAME.to_owned(),
            image: RuntimeImage::Dockerfile(include_str!("../Dockerfile").to_owned()),
            user: node_user(),
            guest_home: GuestPath::from_static(HOME),
            prompt: PromptDelivery::File {
                path: GuestPath::from_static(PROMPT_FILE),
                arguments: vec!["--append-system-prompt-file".to_owned(), PROMPT_FILE.to_owned()],
            },
            bypass: vec!["--dangerously-skip-permissions".to_owned()],
            start: Vec::new(),
            resume_headless: [resume.clone(), headless.clone()].concat(),
            resume,
            headless,
        }
    }

    fn provision_plan(&self, inputs: &ProviderInputs<'_>) -> Result<ProviderPlan, ContributionError> {
        inputs.refuse_forwarding(NAME)?;
        let mut settings = Settings::new(NAME, &inputs.choice.settings);
        let model = settings.text("model", "the name of a model", files::is_model)?;
        settings.finish()?;
        let credential = Credential::of(inputs);
        let mut plan = ProviderPlan {
            skills: Some(GuestPath::from_static(FOLDER).join("skills")?),
            env: environment()?,
            directories: vec![GuestDirectory {
                path: GuestPath::from_static(FOLDER),
                mode: 0o700,
            }],
            files: files::files(credential.as_ref(), model)?,
            mcp: registration(),
            ..self.runtime().contribution(inputs.choice.template.clone())
        };
        if let (Some(credential), Some(variable)) = (credential, &inputs.choice.auth_token) {
            let name = credential.variable.parse()?;
            plan.env.insert(name, credential.placeholder.to_owned());
            plan.hidden_env.push(credential.variable.parse()?);
            plan.routes.push(route::api(credential.scheme)?);
            plan.secrets
                .insert(route::slot(), SecretSource::HostVariable(variable.clone()));
        }
        Ok(plan)
    }

    fn headless_prompt(&self, prompt: &str) -> Vec<String> {
        ["-p", "--", prompt].map(str::to_owned).into()
    }

    fn notes(&self, inputs: &ProviderInputs<'_>) -> Vec<String> {
        match inputs.choice.auth_token {
            Some(_) => Vec::new(),
            None => vec![
                "claude has no credential and will ask for a login: name the host variable with a token or key in \
                 `agent_provider.auth_token`"
                    .to_owned(),
            ],
        }
    }
}

fn environment() -> Result<BTreeMap<bottle_plan::names::EnvName, String>, ContributionError> {
    let mut env = BTreeMap::new();
    for (name, value) in [
        // Telemetry, feature flags, update checks: refused anyway, and not tried at all with this.
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        // Node reads proxy variables only when it is told to.
        ("NODE_USE_ENV_PROXY", "1"),
    ] {
        env.insert(name.parse()?, value.to_owned());
    }
    Ok(env)
}

/// `alwaysLoad` declares the server's tools to the model at once instead of behind a search.
fn registration() -> McpRegistration {
    let server = format!(r#"{{"type":"http","url":"{MCP_URL}","alwaysLoad":true}}"#);
    let argv = ["/bin/sh", "-c", REGISTER, "register", &server];
    McpRegistration::Command(argv.map(str::to_owned).into())
}

#[cfg(test)]
mod tests;
