//! `bottle resume`: a preserved bottle, taken up again where its agent left it.

use bottle_backend::BottleState;
use bottle_cli::exit::Exit;
use bottle_cli::state::{METADATA, Metadata, StateFolder};
use bottle_cli::{Host, ListedBottle, Prepared, RunSecrets, Wiring, prepare_resume};
use bottle_plan::names::Identity;

use crate::args::{ResumeArgs, StartArgs, WorkspaceMode};
use crate::interrupt::Interrupts;
use crate::output::say;
use crate::picker::Choice;
use crate::report::Failure;
use crate::{ask, choose, preflight, start, terminal};

pub(crate) async fn run(host: &Host, args: ResumeArgs) -> Result<u8, Failure> {
    let interrupts = Interrupts::listen()?;
    let wiring = Wiring::standard(host);
    let (listed, _) = wiring.list().await;
    let identity = match args.identity.clone() {
        Some(identity) => identity,
        None => pick(&listed)?,
    };
    let state = StateFolder::of(&host.state_root(), &identity);
    check_preserved(&listed, &identity, &state)?;
    start::check_terminal(args.headless)?;
    let metadata: Metadata = state.read_json(METADATA)?;
    let args = as_start(args, &metadata)?;
    // Its repository is the one that it was started in.
    let there = Host {
        directory: metadata.cwd.clone(),
        ..host.clone()
    };
    let request = choose::request(&there, &args)?;
    let (backend, _) = choose::backend(&wiring, &there, &args).await?;
    let prepared = prepare_resume(&wiring, &there, request, backend, identity.clone());
    let prepared = prepared.map_err(|error| choose::prepare_failure(&error))?;
    check_program(&prepared, &state)?;
    let reason = format!("{}, where it was made", metadata.backend);
    say!("{}", preflight::render(&prepared, &reason).trim_end());
    let secrets = agreed(&args, &prepared, &there)?;
    let mut cancel = interrupts.begin();
    let launched = start::launch(prepared, secrets, &there, cancel.clone()).await;
    let running = launched.map_err(|error| start::start_failure(&error, &identity, "is kept as it was"))?;
    let end = start::attach(&running, args.limit(), &mut cancel).await;
    start::settle(running, end, args.keep, cancel).await
}

fn pick(listed: &[ListedBottle]) -> Result<Identity, Failure> {
    let preserved = || {
        let bottles = listed.iter().map(|listed| &listed.bottle);
        bottles.filter(|bottle| bottle.state == BottleState::Preserved)
    };
    let choices: Vec<Choice> = preserved()
        .map(|bottle| Choice {
            name: bottle.identity.to_string(),
            about: String::new(),
        })
        .collect();
    if choices.is_empty() {
        return Err(Failure::words(Exit::Usage, "there is no preserved bottle"));
    }
    let index = choose::pick_from("Bottle", &choices, "name one: bottle resume IDENTITY")?;
    let picked = preserved().nth(index).map(|bottle| bottle.identity.clone());
    picked.ok_or_else(Failure::declined)
}

/// A bottle goes on only from rest.
fn check_preserved(listed: &[ListedBottle], identity: &Identity, state: &StateFolder) -> Result<(), Failure> {
    let bottle = listed
        .iter()
        .map(|listed| &listed.bottle)
        .find(|bottle| bottle.identity == *identity);
    match bottle.map(|bottle| bottle.state) {
        Some(BottleState::Preserved) if state.path().is_dir() => Ok(()),
        Some(BottleState::Preserved) => {
            let words = format!("{identity} was not started from this folder of bottles");
            Err(Failure::words(Exit::Usage, words))
        }
        Some(_) => {
            let hint = format!(
                "`bottle exec {identity}` looks into it; `bottle stop {identity}` ends it and keeps its work"
            );
            Err(Failure::words(Exit::Usage, format!("{identity} still runs")).hint(hint))
        }
        None if state.path().is_dir() => {
            let hint = format!("`bottle stop --discard {identity}` removes what is left of it");
            Err(Failure::words(Exit::Unavailable, format!("the guest of {identity} is gone")).hint(hint))
        }
        None => Err(
            Failure::words(Exit::Usage, format!("there is no bottle {identity}"))
                .hint("`bottle list` shows what is there".to_owned()),
        ),
    }
}

/// What was typed when the bottle was started, as far as it is recorded.
fn as_start(args: ResumeArgs, metadata: &Metadata) -> Result<StartArgs, Failure> {
    let workspace = match metadata.workspace.as_str() {
        "none" => WorkspaceMode::None,
        "copy" => WorkspaceMode::Copy,
        "mount" => WorkspaceMode::Mount,
        other => {
            let words = format!("the state of {} names a workspace `{other}`", metadata.identity);
            return Err(Failure::words(Exit::Internal, words));
        }
    };
    Ok(StartArgs {
        agent: Some(metadata.agent.clone()),
        bottle: metadata.bottles.clone(),
        backend: Some(metadata.backend.clone()),
        label: metadata.label.clone(),
        color: metadata.color.map(crate::args::ColorName),
        workspace,
        cwd: false,
        include: Vec::new(),
        time_limit: args.time_limit,
        keep: args.keep,
        dry_run: false,
        headless: args.headless,
        prompt: args.prompt,
        yes: args.yes,
        trust_agent: args.trust_agent,
    })
}

/// Another program would find neither its files nor itself in the guest.
fn check_program(prepared: &Prepared, state: &StateFolder) -> Result<(), Failure> {
    let before = state.plan()?.provider.template;
    let now = &prepared.plan.provider.template;
    if before == *now {
        return Ok(());
    }
    let words = format!(
        "{} was made for {before}, and its bottle names {now} now",
        prepared.plan.identity
    );
    Err(Failure::words(Exit::Manifest, words).hint("start a new bottle instead".to_owned()))
}

fn agreed(args: &StartArgs, prepared: &Prepared, host: &Host) -> Result<RunSecrets, Failure> {
    if !args.yes {
        if !terminal::is_interactive() {
            let words = "nobody can be asked whether to go on";
            return Err(Failure::words(Exit::Refused, words).hint("add --yes".to_owned()));
        }
        if !ask::yes(&format!("Resume {}?", prepared.plan.identity))? {
            return Err(Failure::declined());
        }
    }
    start::secrets(prepared, host)
}
