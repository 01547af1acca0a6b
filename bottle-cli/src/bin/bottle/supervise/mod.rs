//! `bottle supervise`: the inbox over all bottles.

mod act;
mod print;
mod screen;
mod watch;

use std::sync::Arc;

use bottle_cli::inbox::inboxes;
use bottle_cli::{Host, Wiring};

use crate::args::{SuperviseArgs, SuperviseCommand};
use crate::output;
use crate::report::Failure;
use crate::terminal;

pub(crate) async fn run(host: &Host, args: SuperviseArgs) -> Result<u8, Failure> {
    let wiring = Arc::new(Wiring::standard(host));
    match args.command {
        Some(SuperviseCommand::Approve(args)) => act::approve(&wiring, host, args).await,
        Some(SuperviseCommand::Reject(args)) => act::reject(&wiring, host, args).await,
        Some(SuperviseCommand::Notify(args)) => watch::run(&wiring, host, &args.command).await,
        None if args.json => {
            let found = inboxes(&wiring, host).await;
            let text = serde_json::to_string_pretty(&found).map_err(Failure::internal)?;
            output::data(&format!("{text}\n"))?;
            Ok(0)
        }
        None if args.once || !terminal::is_interactive() || !terminal::is_output() => {
            let found = inboxes(&wiring, host).await;
            output::data(&print::all(&found, (host.clock)()))?;
            Ok(0)
        }
        None => screen::run(&wiring, host).await,
    }
}
