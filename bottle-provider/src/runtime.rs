//! What an agent program is, before anything is known about a bottle.

use std::collections::BTreeMap;

use bottle_plan::image::BuildContext;
use bottle_plan::names::Name;
use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{
    AgentCommand, GuestUser, McpRegistration, PromptDelivery, ProviderPlan, TrustStore,
};
use bottle_plan::workspace::Resources;

/// What an agent program is, whatever bottle it runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRuntime {
    /// The program, found on the guest's `PATH` or absolute.
    pub command: String,
    /// What its guest is made from when nobody says otherwise.
    pub image: RuntimeImage,
    /// The guest user that it runs as.
    pub user: GuestUser,
    /// That user's home.
    pub guest_home: GuestPath,
    /// How the agent's own prompt reaches it.
    pub prompt: PromptDelivery,
    /// The arguments of every start that keep it from asking: the bottle is what holds it, not its own questions.
    pub bypass: Vec<String>,
    /// Further arguments of a start on a terminal.
    pub start: Vec<String>,
    /// Further arguments that take the last session up again on a terminal.
    pub resume: Vec<String>,
    /// Further arguments of one unattended run, [`PROMPT`](bottle_plan::provider::PROMPT) where the prompt goes.
    pub headless: Vec<String>,
    /// Further arguments that take the last session up again unattended, with the prompt likewise.
    pub resume_headless: Vec<String>,
}

/// What a provider's guest is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeImage {
    /// The text of a Dockerfile that needs no file beside it.
    Dockerfile(String),
    /// A user plugin's own Dockerfile.
    Plugin(BuildContext),
}

impl AgentRuntime {
    /// Returns the whole command lines: the program, what keeps it from asking, and the arguments of each start.
    #[must_use]
    pub fn command_lines(&self) -> AgentCommand {
        let line = |arguments: &[String]| {
            let program = std::iter::once(&self.command).chain(&self.bypass);
            program.chain(arguments).cloned().collect()
        };
        AgentCommand {
            interactive: line(&self.start),
            headless: line(&self.headless),
            resume_interactive: line(&self.resume),
            resume_headless: line(&self.resume_headless),
        }
    }

    /// Begins a contribution to a plan: what the program is, and nothing yet that depends on the bottle.
    #[must_use]
    pub fn contribution(self, template: Name) -> ProviderPlan {
        ProviderPlan {
            template,
            command: self.command_lines(),
            user: self.user,
            guest_home: self.guest_home,
            prompt: self.prompt,
            skills: None,
            env: BTreeMap::new(),
            hidden_env: Vec::new(),
            directories: Vec::new(),
            files: Vec::new(),
            commands_before: Vec::new(),
            commands_after: Vec::new(),
            routes: Vec::new(),
            secrets: BTreeMap::new(),
            mcp: McpRegistration::None,
            trust: TrustStore::default(),
            resources: Resources::default(),
        }
    }
}

/// Returns the agent's user in the images that come with the built-in providers: `node`, 1000, 1000.
#[must_use]
pub fn node_user() -> GuestUser {
    GuestUser {
        name: "node".to_owned(),
        uid: 1000,
        gid: 1000,
    }
}
