//! `bottle stop`: ends a running bottle as if its agent had ended.

use bottle_backend::EngineError;
use bottle_cli::exit::Exit;
use bottle_cli::state::{PRESERVE, StateFolder};
use bottle_cli::{Host, StopError, StopOutcome, Wiring};
use bottle_plan::names::Identity;

use crate::args::StopArgs;
use crate::output::say;
use crate::report::Failure;

pub(crate) async fn run(host: &Host, args: &StopArgs) -> Result<u8, Failure> {
    let identity = &args.identity;
    let stopped = bottle_cli::stop(&Wiring::standard(host), host, identity, args.discard).await;
    let outcome = stopped.map_err(|error| match error {
        StopError::Engine(EngineError::NotRunning(_)) if is_kept(host, identity) => {
            let failure = Failure::words(Exit::Usage, format!("{identity} is stopped already, and kept"));
            failure.hint(format!(
                "`bottle resume {identity}` goes on, `bottle stop --discard {identity}` throws it away"
            ))
        }
        error => error.into(),
    })?;
    match outcome {
        StopOutcome::Removed => say!("bottle: {identity} is stopped and removed"),
        StopOutcome::Preserved(reason) => {
            say!("bottle: {identity} is stopped; its files are kept because {reason}");
            say!("  hint: `bottle stop --discard {identity}` throws them away");
        }
    }
    Ok(0)
}

fn is_kept(host: &Host, identity: &Identity) -> bool {
    let state = StateFolder::of(&host.state_root(), identity);
    state.path().join(PRESERVE).exists()
}
