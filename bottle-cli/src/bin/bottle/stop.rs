//! `bottle stop`: ends a running bottle as if its agent had ended.

use bottle_cli::{Host, StopOutcome, Wiring};

use crate::args::StopArgs;
use crate::output::say;
use crate::report::Failure;

pub(crate) async fn run(host: &Host, args: &StopArgs) -> Result<u8, Failure> {
    let outcome = bottle_cli::stop(&Wiring::standard(host), host, &args.identity, args.discard).await?;
    let identity = &args.identity;
    match outcome {
        StopOutcome::Removed => say!("bottle: {identity} is stopped and removed"),
        StopOutcome::Preserved(reason) => {
            say!("bottle: {identity} is stopped; its files are kept because {reason}");
            say!("  hint: `bottle stop --discard {identity}` throws them away");
        }
    }
    Ok(0)
}
