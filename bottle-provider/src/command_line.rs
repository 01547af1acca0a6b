//! The final command line of an agent.

use bottle_plan::BottlePlan;
use bottle_plan::provider::{PROMPT, PromptDelivery};
use bottle_plan::spec::RunMode;

use crate::quoting::toml_string;

/// The longest single argument that Linux takes, its ending NUL included (`MAX_ARG_STRLEN`).
const MAX_ARGUMENT_BYTES: usize = 131_072;

/// Whether the agent begins or goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStart {
    /// A new session.
    Fresh,
    /// The last session, taken up again.
    Resume,
}

/// Says why an agent cannot be started with what it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandLineError {
    /// A prompt does not fit into an argument.
    #[error(
        "the prompt takes {bytes} bytes as an argument, and a program takes at most {MAX_ARGUMENT_BYTES}"
    )]
    TooLong {
        /// Its length, quoted for the program.
        bytes: usize,
    },
    /// A prompt holds a character that no argument can hold.
    #[error("a prompt cannot hold a NUL character")]
    Nul,
    /// The provider has no command for this way of running.
    #[error("the provider {0} has no command for this way of running")]
    NoCommand(String),
}

/// Returns program and arguments for the way a plan's agent is run. No shell reads them.
///
/// # Errors
///
/// When a prompt cannot be an argument, or the provider cannot run this way.
pub fn agent_argv(plan: &BottlePlan, start: SessionStart) -> Result<Vec<String>, CommandLineError> {
    let command = &plan.provider.command;
    let line = match (&plan.spec.mode, start) {
        (RunMode::Interactive, SessionStart::Fresh) => &command.interactive,
        (RunMode::Interactive, SessionStart::Resume) => &command.resume_interactive,
        (RunMode::Headless { .. }, SessionStart::Fresh) => &command.headless,
        (RunMode::Headless { .. }, SessionStart::Resume) => &command.resume_headless,
    };
    let no_command = || CommandLineError::NoCommand(plan.provider.template.to_string());
    let (program, arguments) = line.split_first().ok_or_else(no_command)?;
    let arguments = match &plan.spec.mode {
        RunMode::Interactive => arguments.to_vec(),
        RunMode::Headless { prompt } => fill_in(arguments, prompt),
    };
    let mut argv = vec![program.clone()];
    argv.extend(own_prompt(plan));
    argv.extend(arguments);
    argv.iter().try_for_each(|argument| check(argument))?;
    Ok(argv)
}

/// The arguments that hand over the agent's own prompt; none when it is empty.
fn own_prompt(plan: &BottlePlan) -> Vec<String> {
    if plan.prompt.is_empty() {
        return Vec::new();
    }
    match &plan.provider.prompt {
        PromptDelivery::None => Vec::new(),
        PromptDelivery::File { arguments, .. } => arguments.clone(),
        PromptDelivery::TomlArgument { arguments } => fill_in(arguments, &toml_string(&plan.prompt)),
    }
}

/// Puts a text in the place of the first placeholder. What the text holds is not looked at again.
fn fill_in(arguments: &[String], text: &str) -> Vec<String> {
    let place = arguments.iter().position(|argument| argument.contains(PROMPT));
    let fill = |(index, argument): (usize, &String)| match place == Some(index) {
        true => argument.replacen(PROMPT, text, 1),
        false => argument.clone(),
    };
    arguments.iter().enumerate().map(fill).collect()
}

fn check(argument: &str) -> Result<(), CommandLineError> {
    let bytes = argument.len();
    if argument.contains('\0') {
        return Err(CommandLineError::Nul);
    }
    match bytes < MAX_ARGUMENT_BYTES {
        true => Ok(()),
        false => Err(CommandLineError::TooLong { bytes }),
    }
}

#[cfg(test)]
mod tests;
