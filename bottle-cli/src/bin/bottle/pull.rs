//! `bottle pull`: an agent's work, brought home.

use std::path::Path;

use bottle_cli::exit::Exit;
use bottle_cli::pull::{
    Chosen, Outcome, PullCommits, PullError, Pulled, RepositoryError, pull_commits, pull_files,
};
use bottle_cli::{Host, Wiring};
use bottle_plan::names::Identity;

use crate::args::PullArgs;
use crate::interrupt::Interrupts;
use crate::output::say;
use crate::progress::Steps;
use crate::report::Failure;
use crate::terminal;

/// How many further branches are named.
const NAMED: usize = 5;

pub(crate) async fn run(host: &Host, args: PullArgs) -> Result<u8, Failure> {
    let wiring = Wiring::standard(host);
    let identity = args.identity.clone();
    let cancel = Interrupts::listen()?.begin();
    let steps = Steps::new(terminal::is_error_output());
    let done = match &args.files {
        Some(folder) => {
            let copied = pull_files(&wiring, host, &identity, folder, &steps, cancel).await;
            copied.map(|()| Done::Files(folder))
        }
        None => {
            let request = PullCommits {
                identity: args.identity,
                repository: args.repository,
                branch: args.branch,
            };
            let pulled = pull_commits(&wiring, host, &request, &steps, cancel).await;
            pulled.map(Done::Commits)
        }
    };
    steps.finish();
    match done.map_err(|error| failure(&error, &identity))? {
        Done::Files(folder) => files_told(&identity, folder),
        Done::Commits(pulled) => commits_told(&identity, &pulled),
    }
    Ok(0)
}

enum Done<'a> {
    Commits(Pulled),
    Files(&'a Path),
}

fn files_told(identity: &Identity, folder: &Path) {
    let folder = folder.display();
    say!("bottle: the files of {identity} are in {folder}, without what belongs to git");
    say!("  note: an agent wrote them; look at them before a program acts upon them");
}

fn commits_told(identity: &Identity, pulled: &Pulled) {
    let repository = pulled.repository.display();
    let why = match pulled.chosen {
        Chosen::Named => "",
        Chosen::Started => ", where the bottle was started",
        Chosen::Current => ", this folder's: the bottle was started in no repository",
    };
    say!("bottle: the repository is {repository}{why}");
    let branch = &pulled.branch;
    let commits = counted(pulled.commits, "new commit");
    match pulled.outcome {
        Outcome::Made => say!("bottle: {commits} on the new branch {branch}"),
        Outcome::Moved => say!("bottle: {commits} on the branch {branch}"),
        Outcome::Same => say!("bottle: the branch {branch} has all of the workspace's commits already"),
        Outcome::Nothing => say!("bottle: the repository has all of the workspace's commits already"),
    }
    match pulled.uncommitted {
        Some(0) => {}
        uncommitted => {
            let files = uncommitted.map_or_else(
                || "a great many changed or new files".to_owned(),
                |count| counted(count, "changed or new file"),
            );
            say!("bottle: {files} in the workspace are in no commit");
            say!("  hint: `bottle pull {identity} --files DIR` copies the files");
        }
    }
    others_told(identity, pulled);
    if pulled.outcome != Outcome::Nothing {
        say!("  hint: `git log {branch}` shows them; look before you check them out");
    }
}

fn others_told(identity: &Identity, pulled: &Pulled) {
    let others = &pulled.others;
    if others.is_empty() {
        return;
    }
    let named: Vec<&str> = others.iter().take(NAMED).map(String::as_str).collect();
    let more = others.len().saturating_sub(named.len());
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    say!(
        "bottle: other branches of the workspace hold commits too: {}{more}",
        named.join(", ")
    );
    say!("  hint: `bottle pull {identity} --branch NAME` brings another one");
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn failure(error: &PullError, identity: &Identity) -> Failure {
    let exit = match error {
        PullError::Cancelled => {
            say!("bottle: interrupted; nothing was brought home");
            return Failure::interrupted();
        }
        PullError::NoBottle(_) | PullError::NotReady(_) => Exit::Usage,
        PullError::State(_) => Exit::CannotCreate,
        PullError::Repository(RepositoryError::None { .. }) => Exit::Usage,
        PullError::Bundle(_) | PullError::Rejected(_) | PullError::Repository(_) => Exit::Refused,
        PullError::Files(_) => Exit::CannotCreate,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error).hint(error.hint(identity))
}
