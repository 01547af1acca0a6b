//! `bottle start`: from the command line to an agent that has ended.

use std::time::Duration;

use bottle_backend::{Cancel, LaunchError};
use bottle_cli::exit::Exit;
use bottle_cli::state::StateError;
use bottle_cli::{
    Dockerfile, Host, Prepared, RunSecrets, Running, Settled, StartError, Wiring, collect_secrets,
    compare_dockerfile,
};
use bottle_plan::names::Identity;
use bottle_plan::spec::RunMode;
use bottle_plan::workspace::WorkspaceSource;

use crate::args::StartArgs;
use crate::interrupt::Interrupts;
use crate::output::say;
use crate::progress::Steps;
use crate::report::Failure;
use crate::terminal::Input;
use crate::{ask, choose, output, preflight, terminal};

pub(crate) async fn run(host: &Host, args: StartArgs) -> Result<u8, Failure> {
    let can_attach = || match args.dry_run {
        true => Ok(()),
        false => check_terminal(args.headless),
    };
    // What is wrong with an agent that was named comes first: it is wrong on every terminal.
    if args.agent.is_none() {
        can_attach()?;
    }
    let interrupts = Interrupts::listen()?;
    let wiring = Wiring::standard(host);
    let request = choose::request(host, &args)?;
    can_attach()?;
    let (backend, reason) = choose::backend(&wiring, host, &args).await?;
    if args.dry_run {
        let prepared = choose::free_name(&wiring, host, request, &backend, &[], args.headless)?;
        return dry_run(&prepared, &reason);
    }
    let (listed, _) = wiring.list().await;
    let mut taken: Vec<_> = listed.into_iter().map(|listed| listed.bottle.identity).collect();
    let (running, mut cancel) = loop {
        let request = request.clone();
        let prepared = choose::free_name(&wiring, host, request, &backend, &taken, args.headless)?;
        let identity = prepared.plan.identity.clone();
        say!("{}", preflight::render(&prepared, &reason).trim_end());
        let secrets = agreed(&args, &prepared, host)?;
        let cancel = interrupts.begin();
        match launch(prepared, secrets, host, cancel.clone()).await {
            Ok(running) => break (running, cancel),
            // Another start was quicker; where nobody is asked, another name is found.
            Err(error) if args.headless && lost_the_name(&error) => taken.push(identity),
            Err(error) => return Err(start_failure(&error, &identity, "was removed")),
        }
    };
    let end = attach(&running, args.limit(), &mut cancel).await;
    settle(running, end, args.keep, cancel).await
}

/// Gets the user's yes, and then what only they know.
fn agreed(args: &StartArgs, prepared: &Prepared, host: &Host) -> Result<RunSecrets, Failure> {
    let dockerfile = compare_dockerfile(&prepared.plan, host)?;
    confirm(args, prepared, dockerfile.as_ref())?;
    if let Some(dockerfile) = dockerfile {
        dockerfile.remember(host)?;
    }
    secrets(prepared, host)
}

/// Says early that an agent cannot be attached to a pipe.
pub(crate) fn check_terminal(headless: bool) -> Result<(), Failure> {
    if headless || (terminal::is_interactive() && terminal::is_output()) {
        return Ok(());
    }
    let words = "an agent needs a terminal to be attached to, and there is none";
    Err(Failure::words(Exit::Usage, words)
        .hint("add --headless --prompt TEXT to run it unattended".to_owned()))
}

fn dry_run(prepared: &Prepared, reason: &str) -> Result<u8, Failure> {
    say!("{}", preflight::render(prepared, reason).trim_end());
    output::data(&prepared.plan.to_yaml().map_err(Failure::internal)?)?;
    Ok(0)
}

/// Asks whether to start. A Dockerfile that has changed is not covered by a yes that was given beforehand.
fn confirm(args: &StartArgs, prepared: &Prepared, dockerfile: Option<&Dockerfile>) -> Result<(), Failure> {
    let changed = dockerfile.filter(|dockerfile| dockerfile.changed);
    if let Some(changed) = changed {
        say!(
            "bottle: {} has changed since the last start",
            changed.path.display()
        );
        if !terminal::is_interactive() {
            let words = "a changed Dockerfile needs a yes from a person";
            return Err(Failure::words(Exit::Refused, words).hint("start once on a terminal".to_owned()));
        }
    }
    if args.yes && changed.is_none() {
        return Ok(());
    }
    if !terminal::is_interactive() {
        let words = "nobody can be asked whether to start";
        return Err(Failure::words(Exit::Refused, words).hint("add --yes".to_owned()));
    }
    match ask::yes(&format!("Start {}?", prepared.plan.identity))? {
        true => Ok(()),
        false => Err(Failure::declined()),
    }
}

pub(crate) fn secrets(prepared: &Prepared, host: &Host) -> Result<RunSecrets, Failure> {
    let mut ask = |question: &str| match terminal::is_interactive() {
        true => ask::secret(question),
        false => Err(std::io::Error::other("there is no terminal")),
    };
    let collected = prepared.with_provider_inputs(host, |inputs| {
        collect_secrets(&prepared.plan, prepared.provider.as_ref(), inputs, host, &mut ask)
    });
    collected.map_err(|error| Failure::new(Exit::Manifest, &error))
}

/// Launches the bottle; a cancellation ends the launch and removes what it made.
pub(crate) async fn launch(
    prepared: Prepared,
    secrets: RunSecrets,
    host: &Host,
    cancel: Cancel,
) -> Result<Running, StartError> {
    let steps = Steps::new(terminal::is_error_output());
    let started = bottle_cli::start(prepared, secrets, host, &steps, cancel).await;
    steps.finish();
    for warning in started.iter().flat_map(Running::warnings) {
        say!("bottle: {}", bottle_util::untrusted::line(warning));
    }
    started
}

fn lost_the_name(error: &StartError) -> bool {
    matches!(
        error,
        StartError::State(StateError::Locked(_)) | StartError::Launch(LaunchError::NameTaken(_))
    )
}

/// Explains a start that failed; `became` says what is left of the bottle.
pub(crate) fn start_failure(error: &StartError, identity: &Identity, became: &str) -> Failure {
    match error {
        StartError::Launch(LaunchError::Cancelled) => {
            say!("bottle: interrupted; {identity} {became}, nothing of it runs");
            return Failure::interrupted();
        }
        StartError::Launch(LaunchError::Image { log, .. }) => {
            for line in log {
                say!("  | {}", bottle_util::untrusted::line(line));
            }
        }
        _ => {}
    }
    let exit = match error {
        StartError::State(_) => Exit::CannotCreate,
        StartError::CommandLine(_) | StartError::Boot(_) => Exit::Manifest,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error).hint(error.hint())
}

/// How a run ended.
pub(crate) enum End {
    Agent(i32),
    Interrupted,
    TimeLimit,
    Lost(bottle_backend::ExecError),
}

pub(crate) async fn attach(running: &Running, limit: Option<Duration>, cancel: &mut Cancel) -> End {
    let agent = async {
        match running.plan().spec.mode {
            RunMode::Interactive => {
                terminal::title(&format!("bottle {}", running.plan().identity));
                terminal::attach(running.agent(Some(terminal::size())).await?).await
            }
            RunMode::Headless { .. } => terminal::stream(running.agent(None).await?, Input::Closed).await,
        }
    };
    let elapsed = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        status = agent => status.map_or_else(End::Lost, End::Agent),
        () = cancel.cancelled() => End::Interrupted,
        () = elapsed => End::TimeLimit,
        never = running.keep_events() => match never {},
    }
}

pub(crate) async fn settle(running: Running, end: End, keep: bool, cancel: Cancel) -> Result<u8, Failure> {
    let identity = running.plan().identity.clone();
    let copied = !matches!(running.plan().workspace.source, WorkspaceSource::None);
    let status = match &end {
        End::Agent(status) => *status,
        End::Interrupted => i32::from(Exit::Interrupted as u8),
        End::TimeLimit => i32::from(Exit::TimeLimit as u8),
        End::Lost(_) => i32::from(Exit::Unavailable as u8),
    };
    match running.settle_unless(status, keep, cancel).await? {
        Settled::Removed => {}
        Settled::Preserved { reason } => {
            say!("bottle: {identity} is stopped; its files are kept because {reason}");
            match copied {
                true => say!("  hint: `bottle pull {identity}` brings its commits home"),
                false => say!("  hint: `bottle pull {identity} --files DIR` copies its files"),
            }
            say!(
                "  hint: `bottle resume {identity}` goes on, `bottle stop --discard {identity}` throws it away"
            );
        }
    }
    match end {
        End::Agent(status) => Ok(terminal::status(status)),
        End::Interrupted => Err(Failure::interrupted()),
        End::TimeLimit => Err(Failure::words(Exit::TimeLimit, "the time limit ended the run")),
        End::Lost(error) => Err(error.into()),
    }
}
