//! What an agent program is, before anything is known about a bottle.

use bottle_plan::image::BuildContext;
use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{AgentCommand, GuestUser, PromptDelivery};

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
    /// The arguments that make it work without asking: the bottle is what holds it, not its own questions.
    pub bypass: Vec<String>,
    /// The arguments of a start on a terminal, beyond those.
    pub start: Vec<String>,
    /// The arguments that take the last session up again on a terminal.
    pub resume: Vec<String>,
    /// The arguments of one unattended run, [`PROMPT`](bottle_plan::provider::PROMPT) where the prompt goes.
    pub headless: Vec<String>,
    /// The arguments that take the last session up again unattended, with the prompt likewise.
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
            let program = std::iter::once(&self.command);
            program.chain(arguments).cloned().collect()
        };
        AgentCommand {
            interactive: line(&self.start),
            headless: line(&self.headless),
            resume_interactive: line(&self.resume),
            resume_headless: line(&self.resume_headless),
        }
    }
}
