//! Everything that waits for the human, over all bottles and backends; and the human's answers.

mod hook;
mod permanent;
mod recorded;
mod replay;

pub use hook::{HookError, notify};
pub use permanent::permanent;
pub use recorded::recorded;
pub use replay::replay;

use std::sync::Arc;
use std::time::Duration;

use bottle_backend::{BottleState, ControlError, EngineError};
use bottle_plan::names::{Identity, Name};
use bottle_wire::chain::Line;
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::event::{RequestEvent, Verdict, What};
use bottle_wire::supervise::{Decision, Inbox, Question, QuestionState};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::state::StateFolder;
use crate::{Host, Wiring};

/// How many bottles are asked at a time.
const AT_ONCE: usize = 16;
/// How long one bottle may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most refusals of one bottle that are kept for the replay.
const REFUSALS: usize = 1000;

/// What waits in one bottle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BottleInbox {
    /// The bottle.
    pub bottle: Identity,
    /// Where it runs.
    pub backend: Name,
    /// What waits, unless the bottle did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox: Option<Inbox>,
    /// Why it did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<String>,
    /// Its last refusals, as far as they were fetched.
    #[serde(skip)]
    pub refusals: Vec<RequestEvent>,
}

/// Says why an answer is not on record, or not in force.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// No such bottle runs.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The sidecar gave no answer. It may have taken the answer all the same: look again.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The sidecar refused.
    #[error("{0}")]
    Refused(String),
}

/// Asks every running bottle, several at a time, in the order of their names.
pub async fn inboxes(wiring: &Arc<Wiring>, host: &Host) -> Vec<BottleInbox> {
    let (listed, _) = wiring.list().await;
    let running = |state| matches!(state, BottleState::Running | BottleState::Degraded);
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut asking = JoinSet::new();
    for found in listed.into_iter().filter(|found| running(found.bottle.state)) {
        let (wiring, room) = (Arc::clone(wiring), Arc::clone(&room));
        let state = StateFolder::of(&host.state_root(), &found.bottle.identity);
        asking.spawn(async move {
            let _place = room.acquire().await;
            let asked = timeout(PATIENCE, one(&wiring, &found.bottle.identity)).await;
            let (inbox, silent) = match asked {
                Ok(Ok(inbox)) => (Some(inbox), None),
                Ok(Err(error)) => (None, Some(error.to_string())),
                Err(_) => (None, Some("it does not answer in time".to_owned())),
            };
            let asks = inbox.as_ref().is_some_and(|inbox| !inbox.questions.is_empty());
            BottleInbox {
                bottle: found.bottle.identity,
                backend: found.backend,
                inbox,
                silent,
                refusals: if asks { refusals(&state) } else { Vec::new() },
            }
        });
    }
    let mut found = asking.join_all().await;
    found.sort_by(|a, b| a.bottle.cmp(&b.bottle));
    found
}

/// Gives a human's answer to exactly what was shown, and returns how the question stands once it is in force.
///
/// # Errors
///
/// When it is not on record, or not in force.
pub async fn answer(
    wiring: &Wiring,
    bottle: &Identity,
    shown: &Question,
    decision: Decision,
) -> Result<QuestionState, AnswerError> {
    let request = ControlRequest::Answer {
        id: shown.id,
        hash: shown.hash.clone(),
        decision,
    };
    match wiring.open(bottle).await?.control(&request).await? {
        ControlAnswer::Answered(state) => Ok(state),
        ControlAnswer::Refused { reason } => Err(AnswerError::Refused(reason)),
        other => Err(AnswerError::Refused(format!("unexpected answer {other:?}"))),
    }
}

async fn one(wiring: &Wiring, bottle: &Identity) -> Result<Inbox, AnswerError> {
    match wiring.open(bottle).await?.control(&ControlRequest::Inbox).await? {
        ControlAnswer::Inbox(inbox) => {
            let mut inbox = *inbox;
            // A question whose hash is not that of what it shows is not shown at all.
            inbox.questions.retain(|question| question.is_genuine(bottle));
            Ok(inbox)
        }
        ControlAnswer::Refused { reason } => Err(AnswerError::Refused(reason)),
        other => Err(AnswerError::Refused(format!("unexpected answer {other:?}"))),
    }
}

/// Reads the last refusals that were fetched; none when they cannot be read, which only makes the replay say less.
fn refusals(state: &StateFolder) -> Vec<RequestEvent> {
    refusals_in(&state.events().unwrap_or_default())
}

fn refusals_in(lines: &[String]) -> Vec<RequestEvent> {
    let refused = lines.iter().rev().filter_map(|text| {
        let line: Line = serde_json::from_str(text).ok()?;
        match line.event.what {
            What::Request(request) if request.verdict == Verdict::Refused => Some(request),
            _ => None,
        }
    });
    refused.take(REFUSALS).collect()
}
