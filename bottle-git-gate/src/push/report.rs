//! What the client hears: every reason on its standard error, and one line per ref.

use super::forward::ForwardError;
use super::{Asking, Passed, PushError};
use crate::pkt_line;
use crate::push_request::PushRequest;
use crate::text;

/// The most reasons that are told.
const REASONS: usize = 20;

/// Renders the answer to a push (gitprotocol-pack(5), "Report Status").
pub(super) fn report(request: &PushRequest, outcome: &Result<Passed, PushError>) -> Vec<u8> {
    let mut status = Vec::new();
    pkt_line::put(&mut status, b"unpack ok\n");
    for update in &request.updates {
        let line = match outcome {
            Ok(_) => format!("ok {}\n", update.name),
            Err(error) => format!("ng {} {}\n", update.name, reason(error, &update.name)),
        };
        pkt_line::put(&mut status, line.as_bytes());
    }
    pkt_line::put_flush(&mut status);
    if !request.side_band {
        return if request.report { status } else { Vec::new() };
    }
    let mut out = Vec::new();
    if let Err(error) = outcome {
        for line in lines(error) {
            pkt_line::put_side_band(&mut out, 2, format!("git gate: {line}\n").as_bytes());
        }
    }
    if request.report {
        pkt_line::put_side_band(&mut out, 1, &status);
    }
    pkt_line::put_flush(&mut out);
    out
}

fn reason(error: &PushError, name: &str) -> String {
    match error {
        PushError::Refused { .. } => "refused by the git gate".to_owned(),
        PushError::Forward(ForwardError::Refused { refs, .. }) => {
            let own = refs.iter().find(|(other, _)| other == name);
            own.map_or_else(
                || "the upstream refused the push".to_owned(),
                |(_, why)| why.clone(),
            )
        }
        other => text::line(&other.to_string()),
    }
}

fn lines(error: &PushError) -> Vec<String> {
    match error {
        PushError::Refused { refusals, asking } => {
            let told = refusals.iter().take(REASONS).map(|one| format!("refused: {one}"));
            let mut lines: Vec<String> = told.collect();
            if refusals.len() > REASONS {
                lines.push(format!("and {} more", refusals.len() - REASONS));
            }
            lines.extend(asking.iter().map(asked));
            lines
        }
        PushError::Forward(ForwardError::Refused { said, .. }) => {
            let said = said.iter().map(|line| format!("upstream: {line}"));
            ["the upstream refused the push".to_owned()]
                .into_iter()
                .chain(said)
                .collect()
        }
        other => vec![format!("failed: {}", text::line(&other.to_string()))],
    }
}

fn asked(asking: &Asking) -> String {
    match asking {
        Asking::Open(id) => {
            format!("a human must approve this push: question {id}; push again once it is approved")
        }
        Asking::Rejected(id) => format!("a human said no to this push: question {id}"),
        Asking::NotTaken(error) => format!(
            "a human must approve this push, and {}",
            text::line(&error.to_string())
        ),
    }
}
