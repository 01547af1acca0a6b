//! Telling a command of the user's about new questions, until it is interrupted.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bottle_cli::inbox::{inboxes, notify};
use bottle_cli::{Host, Wiring};
use serde::Serialize;

use crate::output::say;
use crate::report::Failure;

/// How often the bottles are asked.
const STEP: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct New<'a> {
    bottle: &'a str,
    question: &'a bottle_wire::supervise::Question,
}

pub(super) async fn run(wiring: &Arc<Wiring>, host: &Host, command: &[String]) -> Result<u8, Failure> {
    // One wait for all rounds: whatever goes on when it comes, an interruption is not missed.
    tokio::select! {
        () = watch(wiring, host, command) => Ok(0),
        _ = tokio::signal::ctrl_c() => Ok(0),
    }
}

async fn watch(wiring: &Arc<Wiring>, host: &Host, command: &[String]) {
    let mut told = HashSet::new();
    loop {
        let mut open = HashSet::new();
        for found in inboxes(wiring, host).await {
            for question in found.inbox.iter().flat_map(|inbox| &inbox.questions) {
                open.insert(question.hash.as_str().to_owned());
                if told.contains(question.hash.as_str()) {
                    continue;
                }
                let bottle = found.bottle.as_str();
                if let Err(error) = notify(command, &New { bottle, question }).await {
                    say!("bottle: {error}");
                }
            }
        }
        // What is no longer open need not be remembered.
        told = open;
        tokio::time::sleep(STEP).await;
    }
}
