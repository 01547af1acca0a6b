//! `bottle start`: from the command line to an agent that has ended.

use std::time::Duration;

use bottle_backend::Canceller;
use bottle_cli::exit::Exit;
use bottle_cli::{
    Dockerfile, Host, Prepared, RunSecrets, Running, Settled, StartError, Wiring, collect_secrets,
    compare_dockerfile,
};
use bottle_plan::spec::RunMode;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::StartArgs;
use crate::progress::Steps;
use crate::report::Failure;
use crate::terminal::Input;
use crate::{ask, choose, output, preflight, terminal};

/// How long a headless run may take when nobody says.
const HEADLESS_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn run(host: &Host, args: StartArgs) -> Result<u8, Failure> {
    check_terminal(&args)?;
    let wiring = Wiring::standard(host);
    let request = choose::request(host, &args)?;
    let (backend, reason) = choose::backend(&wiring, host, &args).await?;
    let running: Vec<_> = if args.dry_run {
        Vec::new()
    } else {
        wiring.list().await.0
    };
    let running: Vec<_> = running.into_iter().map(|listed| listed.bottle.identity).collect();
    let prepared = choose::free_name(&wiring, host, request, &backend, &running, args.headless)?;
    if args.dry_run {
        return dry_run(&prepared, &reason);
    }
    anstream::eprintln!("{}", preflight::render(&prepared, &reason).trim_end());
    let dockerfile = compare_dockerfile(&prepared.plan, host)?;
    confirm(&args, &prepared, dockerfile.as_ref())?;
    if let Some(dockerfile) = dockerfile {
        dockerfile.remember(host)?;
    }
    let secrets = secrets(&prepared, host)?;
    let limit = args.time_limit.or(args.headless.then_some(HEADLESS_LIMIT));
    let running = launch(prepared, secrets, host).await?;
    let end = attach(&running, limit).await;
    settle(running, end, args.keep).await
}

/// Says early that an agent cannot be attached to a pipe.
fn check_terminal(args: &StartArgs) -> Result<(), Failure> {
    let attaches = !args.headless && !args.dry_run;
    if !attaches || (terminal::is_interactive() && terminal::is_output()) {
        return Ok(());
    }
    let words = "an agent needs a terminal to be attached to, and there is none";
    Err(Failure::words(Exit::Usage, words)
        .hint("add --headless --prompt TEXT to run it unattended".to_owned()))
}

fn dry_run(prepared: &Prepared, reason: &str) -> Result<u8, Failure> {
    anstream::eprintln!("{}", preflight::render(prepared, reason).trim_end());
    output::data(&prepared.plan.to_yaml().map_err(Failure::internal)?)?;
    Ok(0)
}

/// Asks whether to start. A Dockerfile that has changed is not covered by a yes that was given beforehand.
fn confirm(args: &StartArgs, prepared: &Prepared, dockerfile: Option<&Dockerfile>) -> Result<(), Failure> {
    let changed = dockerfile.filter(|dockerfile| dockerfile.changed);
    if let Some(changed) = changed {
        anstream::eprintln!(
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

fn secrets(prepared: &Prepared, host: &Host) -> Result<RunSecrets, Failure> {
    let mut ask = |question: &str| match terminal::is_interactive() {
        true => ask::secret(question),
        false => Err(std::io::Error::other("there is no terminal")),
    };
    let collected = prepared.with_provider_inputs(host, |inputs| {
        collect_secrets(&prepared.plan, prepared.provider.as_ref(), inputs, host, &mut ask)
    });
    collected.map_err(|error| Failure::new(Exit::Manifest, &error))
}

/// Launches the bottle; Ctrl-C and SIGTERM end the launch and remove what it made.
async fn launch(prepared: Prepared, secrets: RunSecrets, host: &Host) -> Result<Running, Failure> {
    let (canceller, cancel) = Canceller::new();
    let identity = prepared.plan.identity.clone();
    let watcher = tokio::spawn(async move {
        interrupted().await;
        canceller.cancel();
        // Kept until the launch has ended: a dropped canceller would end the wait.
        std::future::pending::<()>().await;
    });
    let steps = Steps::new(terminal::is_error_output());
    let started = bottle_cli::start(prepared, secrets, host, &steps, cancel).await;
    watcher.abort();
    steps.finish();
    match started {
        Ok(running) => {
            for warning in running.warnings() {
                anstream::eprintln!("bottle: {}", bottle_util::untrusted::line(warning));
            }
            Ok(running)
        }
        Err(StartError::Launch(bottle_backend::LaunchError::Cancelled)) => {
            anstream::eprintln!("bottle: interrupted; {identity} was removed, nothing of it runs");
            Err(Failure::interrupted())
        }
        Err(error) => Err(start_failure(&error)),
    }
}

fn start_failure(error: &StartError) -> Failure {
    if let StartError::Launch(bottle_backend::LaunchError::Image { log, .. }) = error {
        for line in log {
            anstream::eprintln!("  | {}", bottle_util::untrusted::line(line));
        }
    }
    let exit = match error {
        StartError::State(_) => Exit::CannotCreate,
        StartError::Launch(bottle_backend::LaunchError::MissingDoor(_)) => Exit::Refused,
        StartError::CommandLine(_) | StartError::Boot(_) => Exit::Manifest,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error).hint(error.hint())
}

/// How a run ended.
enum End {
    Agent(i32),
    Interrupted,
    TimeLimit,
    Lost(bottle_backend::ExecError),
}

async fn attach(running: &Running, limit: Option<Duration>) -> End {
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
        () = interrupted() => End::Interrupted,
        () = elapsed => End::TimeLimit,
    }
}

async fn settle(running: Running, end: End, keep: bool) -> Result<u8, Failure> {
    let identity = running.plan().identity.clone();
    let status = match &end {
        End::Agent(status) => *status,
        End::Interrupted => i32::from(Exit::Interrupted as u8),
        End::TimeLimit => i32::from(Exit::TimeLimit as u8),
        End::Lost(_) => i32::from(Exit::Unavailable as u8),
    };
    match running.settle(status, keep).await? {
        Settled::Removed => {}
        Settled::Preserved { reason } => {
            anstream::eprintln!("bottle: {identity} is stopped; its files are kept because {reason}");
            anstream::eprintln!(
                "  hint: `bottle list` shows it, `bottle stop --discard {identity}` throws it away"
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

/// Waits for Ctrl-C, SIGTERM or SIGHUP. On an attached terminal Ctrl-C is a key of the agent's and no signal.
async fn interrupted() {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    let any = std::future::poll_fn(|context| {
        let ready = signals
            .iter_mut()
            .any(|signal| signal.poll_recv(context).is_ready());
        if ready {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    });
    any.await;
}
