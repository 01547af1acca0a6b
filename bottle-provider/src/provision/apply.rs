//! Prompt, declared files and commands, and git: the same for every provider.

use bottle_backend::{Bottle, CopyOwner, ExecCommand, PutFile};
use bottle_plan::BottlePlan;
use bottle_plan::provider::{CommandUser, GuestCommand, PromptDelivery};

use super::error::run;
use super::{ProvisionError, Step};
use crate::gitconfig::gitconfig;

/// Puts the agent's prompt into the file that the program reads; nothing when it is empty or travels as an argument.
///
/// # Errors
///
/// When the guest refuses the file.
pub async fn apply_prompt(plan: &BottlePlan, bottle: &dyn Bottle) -> Result<(), ProvisionError> {
    let PromptDelivery::File { path, .. } = &plan.provider.prompt else {
        return Ok(());
    };
    if plan.prompt.is_empty() {
        return Ok(());
    }
    let file = PutFile {
        path: path.clone(),
        mode: 0o600,
        content: Some(plan.prompt.clone().into_bytes()),
    };
    let put = bottle.put(&[file], CopyOwner::Agent).await;
    put.map_err(|error| Step::Prompt.failed(error))
}

/// Makes the plan's directories, runs its commands before, puts its files, runs its commands after.
///
/// # Errors
///
/// When the guest refuses a file or a command fails.
pub async fn apply_provision(plan: &BottlePlan, bottle: &dyn Bottle) -> Result<(), ProvisionError> {
    let provider = &plan.provider;
    let directories = provider.directories.iter().map(|directory| PutFile {
        path: directory.path.clone(),
        mode: directory.mode,
        content: None,
    });
    put_all(bottle, directories.collect()).await?;
    run_all(bottle, &provider.commands_before).await?;
    let files = provider.files.iter().map(|file| PutFile {
        path: file.path.clone(),
        mode: file.mode,
        content: Some(file.content.clone().into_bytes()),
    });
    put_all(bottle, files.collect()).await?;
    run_all(bottle, &provider.commands_after).await
}

/// Writes `<guest_home>/.gitconfig` when the plan says anything that belongs there.
///
/// # Errors
///
/// When the guest refuses the file.
pub async fn apply_git(plan: &BottlePlan, bottle: &dyn Bottle) -> Result<(), ProvisionError> {
    let Some(text) = gitconfig(plan) else {
        return Ok(());
    };
    let path = plan.guest_home.join(".gitconfig");
    let file = PutFile {
        path: path.map_err(|error| Step::Git.failed(error))?,
        mode: 0o644,
        content: Some(text.into_bytes()),
    };
    let put = bottle.put(&[file], CopyOwner::Agent).await;
    put.map_err(|error| Step::Git.failed(error))
}

async fn put_all(bottle: &dyn Bottle, files: Vec<PutFile>) -> Result<(), ProvisionError> {
    if files.is_empty() {
        return Ok(());
    }
    let put = bottle.put(&files, CopyOwner::Agent).await;
    put.map_err(|error| Step::Files.failed(error))
}

async fn run_all(bottle: &dyn Bottle, commands: &[GuestCommand]) -> Result<(), ProvisionError> {
    for command in commands {
        let command = match command.user {
            CommandUser::Root => ExecCommand::root(command.argv.clone()),
            CommandUser::Agent => ExecCommand::agent(command.argv.clone()),
        };
        let ran = run(bottle, &command).await;
        ran.map_err(|error| Step::Files.failed(error))?;
    }
    Ok(())
}
