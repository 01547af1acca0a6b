//! Answers without a terminal.

use std::sync::Arc;

use bottle_cli::exit::Exit;
use bottle_cli::inbox::{AnswerError, answer, inboxes, permanent};
use bottle_cli::{Host, Wiring};
use bottle_plan::names::Identity;
use bottle_wire::supervise::{Decision, GrantTime, Question, QuestionState};

use super::print::state_line;
use crate::args::{ApproveArgs, RejectArgs};
use crate::output::{self, say};
use crate::report::Failure;

pub(super) async fn approve(wiring: &Arc<Wiring>, host: &Host, args: ApproveArgs) -> Result<u8, Failure> {
    let time = match (args.minutes, args.bottle) {
        (Some(minutes), _) => GrantTime::Minutes(minutes),
        (None, true) => GrantTime::Bottle,
        (None, false) => GrantTime::Once,
    };
    let (bottle, question) = find(wiring, host, &args.id).await?;
    let decision = Decision::Approve {
        time,
        notes: args.reason.unwrap_or_default(),
    };
    give(wiring, &bottle, &question, decision).await?;
    if time == GrantTime::Bottle
        && let Some(yaml) = permanent(&question.proposal)
    {
        say!("bottle: to make it permanent, put this into the bottle's file:");
        output::data(&yaml)?;
    }
    Ok(0)
}

pub(super) async fn reject(wiring: &Arc<Wiring>, host: &Host, args: RejectArgs) -> Result<u8, Failure> {
    let (bottle, question) = find(wiring, host, &args.id).await?;
    let reason = args.reason.unwrap_or_default();
    give(wiring, &bottle, &question, Decision::Reject { reason }).await?;
    Ok(0)
}

async fn give(
    wiring: &Wiring,
    bottle: &Identity,
    question: &Question,
    decision: Decision,
) -> Result<QuestionState, Failure> {
    let given = answer(wiring, bottle, question, decision).await;
    let state = given.map_err(|error| failure(&error))?;
    say!("{bottle}/{}: {}", question.id, state_line(&state));
    Ok(state)
}

fn failure(error: &AnswerError) -> Failure {
    let exit = match error {
        AnswerError::Engine(_) | AnswerError::Control(_) => Exit::Unavailable,
        AnswerError::Refused(_) => Exit::Refused,
    };
    Failure::new(exit, error)
}

/// Finds the open question that an id names: `BOTTLE/NUMBER/HASH`, so that what is answered is what was shown.
async fn find(wiring: &Arc<Wiring>, host: &Host, id: &str) -> Result<(Identity, Question), Failure> {
    let usage = || {
        Failure::words(Exit::Usage, "a question is named BOTTLE/NUMBER/HASH")
            .hint("`bottle supervise --once` lists the open questions by these names".to_owned())
    };
    let mut parts = id.split('/');
    let (Some(bottle), Some(number), Some(hash), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(usage());
    };
    if hash.len() < super::print::HASH_DIGITS {
        return Err(usage());
    }
    let bottle: Identity = bottle.parse().map_err(|_| usage())?;
    let found = inboxes(wiring, host).await;
    let inbox = found.into_iter().find(|found| found.bottle == bottle);
    let questions = inbox.and_then(|found| found.inbox).map(|inbox| inbox.questions);
    let mut questions = questions.unwrap_or_default().into_iter();
    let named =
        |question: &Question| question.id.to_string() == number && question.hash.as_str().starts_with(hash);
    match questions.find(named) {
        Some(question) => Ok((bottle, question)),
        None => Err(Failure::words(
            Exit::Refused,
            "no open question is named so: it was answered, or it is another one by now",
        )),
    }
}
