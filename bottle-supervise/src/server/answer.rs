//! What the agent reads.

use bottle_wire::supervise::{Asked, LiveRoute, Proposal, QuestionState};

use crate::lower::render;

/// Says how a question stands.
pub(super) fn asked(asked: &Asked, now: u64) -> String {
    let id = asked.id;
    match &asked.state {
        QuestionState::Pending => format!(
            "pending, id {id}: nobody has answered yet, and nothing is allowed until somebody does. Go on with other work and \
             call check_request with id {id} later."
        ),
        QuestionState::Approved { until, notes } => {
            format!(
                "approved, id {id}: it is in force {}{}",
                how_long(*until, now),
                said(notes)
            )
        }
        QuestionState::Modified {
            proposal,
            until,
            notes,
        } => format!(
            "modified, id {id}: something else was approved in its place and is in force {}{}\n{}",
            how_long(*until, now),
            said(notes),
            shown(proposal)
        ),
        QuestionState::Rejected { reason } => format!("rejected, id {id}: a person said no{}", said(reason)),
        QuestionState::Failed { reason } => {
            format!(
                "failed, id {id}: it was approved and could not be put in force, so nothing changed: {reason}"
            )
        }
        QuestionState::Ended => {
            format!("ended, id {id}: it was approved, and its time is over; ask again if it is needed")
        }
        QuestionState::Unanswered => {
            format!("rejected, id {id}: nobody answered in time, which means no")
        }
    }
}

/// Lists a table, one route a line.
pub(super) fn routes(table: &[LiveRoute]) -> String {
    if table.is_empty() {
        return "nothing can be reached".to_owned();
    }
    let lines: Vec<String> = table
        .iter()
        .map(|route| serde_json::to_string(route).unwrap_or_default())
        .collect();
    lines.join("\n")
}

fn shown(proposal: &Proposal) -> String {
    match proposal {
        Proposal::Routes(change) => render(change),
        // Nothing takes the place of a push.
        Proposal::Push(push) => format!("a push to {}", push.repo),
    }
}

fn how_long(until: Option<u64>, now: u64) -> String {
    match until {
        Some(until) => format!("for {} min", (until.saturating_sub(now) + 30_000) / 60_000),
        None => "for as long as this bottle runs".to_owned(),
    }
}

fn said(words: &str) -> String {
    match words.is_empty() {
        true => String::new(),
        false => format!("; they say: {words}"),
    }
}
