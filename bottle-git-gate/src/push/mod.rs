//! A push: commands, quarantine, decision, and only then the upstream.

mod forward;
mod quarantine;
mod report;

use std::sync::Arc;
use std::time::Instant;

use bottle_wire::event::Verdict;
use bottle_wire::git_gate::{GitEvent, GitOperation, RefChange};
use bottle_wire::supervise::{AskError, Asked, Proposal, QuestionId, QuestionState};

use crate::decide::{Decision, Facts, Permit, RefFacts, Refusal, decide, judge_request};
use crate::gate::{Gate, Repo};
use crate::limits::{FRESH, examine_seconds};
use crate::mirror::Refs;
use crate::object_id::ObjectId;
use crate::push_request::{PushRequest, PushRequestError};
use crate::server::{Body, Response, respond};
use crate::worker::{Job, Report};
use forward::ForwardError;
use quarantine::{Quarantine, QuarantineError};

/// Says how a push ended, when it was not sent on as it was.
#[derive(Debug, thiserror::Error)]
enum PushError {
    #[error("{}", .refusals.first().map_or_else(String::new, ToString::to_string))]
    Refused {
        refusals: Vec<Refusal>,
        asking: Option<Asking>,
    },
    #[error(transparent)]
    Upstream(#[from] crate::upstream::UpstreamError),
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
    #[error("the push could not be examined: {0}")]
    Examine(String),
    #[error(transparent)]
    Forward(#[from] ForwardError),
    #[error("too many pushes are under way; push again later")]
    Busy,
}

/// What became of asking about a push that is refused.
#[derive(Debug)]
enum Asking {
    /// Nobody has answered yet.
    Open(QuestionId),
    /// A human said no.
    Rejected(QuestionId),
    /// Nobody is asked.
    NotTaken(AskError),
}

/// A push that was sent on.
#[derive(Debug)]
struct Passed {
    /// The question whose approval let it pass, if it needed one.
    question: Option<QuestionId>,
}

/// Takes a push and answers it.
pub(crate) async fn receive(gate: &Gate, repo: &Arc<Repo>, mut body: Body) -> Response {
    let started = Instant::now();
    let Some(room) = gate.room().await else {
        return respond::plain(503, "the git gate cannot record what it does");
    };
    let request = match read_request(&mut body).await {
        Ok(request) => request,
        Err(why) => return respond::plain(400, &format!("git gate: {why}")),
    };
    // git asks with nothing before it sends much.
    if request == PushRequest::default() {
        return respond::result("git-receive-pack", Vec::new());
    }
    let mut objects = 0;
    let outcome = push(gate, repo, &request, &mut body, &mut objects).await;
    if outcome.is_err() {
        // A client that is still sending would take an early answer for a broken connection.
        body.discard().await;
    }
    let mut event = event_of(gate, repo, &request, &outcome);
    event.objects = objects;
    event.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    room.report(event);
    respond::result("git-receive-pack", report::report(&request, &outcome))
}

async fn read_request(body: &mut Body) -> Result<PushRequest, String> {
    let mut head = Vec::new();
    loop {
        match PushRequest::read(&head) {
            Ok(Some((request, taken))) => {
                body.put_back(head.split_off(taken));
                return Ok(request);
            }
            Ok(None) => {}
            Err(error @ PushRequestError::Packet(_)) => {
                return Err(format!("the push cannot be read: {error}"));
            }
            Err(error) => return Err(error.to_string()),
        }
        match body.next().await {
            Ok(Some(bytes)) => head.extend(bytes),
            Ok(None) => return Err("the push ends within its commands".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
    }
}

async fn push(
    gate: &Gate,
    repo: &Arc<Repo>,
    request: &PushRequest,
    body: &mut Body,
    objects: &mut u64,
) -> Result<Passed, PushError> {
    let _waiting = gate.waiting().try_acquire().map_err(|_| PushError::Busy)?;
    let refs = repo.mirror.refresh_within(FRESH).await?;
    let mut facts = facts(repo.name.as_str(), request, &refs);
    let refusals = judge_request(&repo.policy, &facts);
    if !refusals.is_empty() {
        return Err(PushError::Refused {
            refusals,
            asking: None,
        });
    }
    let _turn = gate.pushes().acquire().await.map_err(|_| PushError::Busy)?;
    let mut quarantine = Quarantine::create(gate, repo).await?;
    if request.has_pack() {
        quarantine.unpack(body).await?;
    }
    let report = quarantine
        .examine(&job(gate, repo, request, &refs, &quarantine))
        .await?;
    *objects = report.objects;
    take_report(&mut facts, report)?;
    let (permit, question) = permit(gate, repo, &mut facts).await?;
    forward::forward(repo, &quarantine, permit).await?;
    quarantine.adopt();
    Ok(Passed { question })
}

/// What is known of a push when the upstream is empty.
#[cfg(feature = "testing")]
pub(crate) fn facts_of_a_test(request: &PushRequest) -> Facts {
    facts("app", request, &Refs::default())
}

fn facts(repo: &str, request: &PushRequest, refs: &Refs) -> Facts {
    let one = |update: &crate::push_request::Update| RefFacts {
        update: update.clone(),
        current: refs.ids.get(&update.name).cloned(),
        standing: refs.standing(&update.name),
        content: None,
    };
    Facts {
        repo: repo.to_owned(),
        refs: request.updates.iter().map(one).collect(),
        options: request.options.clone(),
        is_signed: request.is_signed,
        ..Facts::default()
    }
}

fn job(gate: &Gate, repo: &Repo, request: &PushRequest, refs: &Refs, quarantine: &Quarantine) -> Job {
    let there = |id: &ObjectId| (!id.is_null()).then(|| id.clone());
    let names = request
        .updates
        .iter()
        .map(|update| ("the name of a ref".to_owned(), update.name.clone()));
    let options = request
        .options
        .iter()
        .map(|option| ("a push option".to_owned(), option.clone()));
    Job {
        git: gate.programs().git.clone(),
        mirror: repo.mirror.folder().to_owned(),
        objects: quarantine.objects().to_owned(),
        refs: request
            .updates
            .iter()
            .map(|update| (there(&update.old), there(&update.new)))
            .collect(),
        head: refs.head.clone(),
        texts: names.chain(options).collect(),
        known: gate.known().clone(),
        scanners: repo.scanners.clone(),
        cpu_seconds: examine_seconds(quarantine.received(), !repo.scanners.is_empty()),
    }
}

fn take_report(facts: &mut Facts, report: Report) -> Result<(), PushError> {
    if let Some(reason) = report.failed {
        return Err(PushError::Examine(crate::text::line(&reason)));
    }
    if report.contents.len() != facts.refs.len() {
        return Err(PushError::Examine("the report is of another push".to_owned()));
    }
    for (one, content) in facts.refs.iter_mut().zip(report.contents) {
        one.content = content;
    }
    facts.findings = report.findings;
    facts.ci_files = report.ci_files;
    facts.unread = report.unread;
    Ok(())
}

/// Decides, and asks if a human may decide otherwise; with the question whose approval counts.
async fn permit(
    gate: &Gate,
    repo: &Repo,
    facts: &mut Facts,
) -> Result<(Permit, Option<QuestionId>), PushError> {
    let refused = |refusals, asking| Err(PushError::Refused { refusals, asking });
    let (proposal, reasons) = match decide(&repo.policy, facts) {
        Decision::Pass(permit) => return Ok((permit, None)),
        Decision::Refuse(refusals) => return refused(refusals, None),
        Decision::Ask { proposal, reasons } => (proposal, reasons),
    };
    let Asked { id, state } = match gate.ask().ask(Proposal::Push(proposal)).await {
        Ok(asked) => asked,
        Err(error) => return refused(reasons, Some(Asking::NotTaken(error))),
    };
    match state {
        QuestionState::Approved { .. } => {
            facts.is_approved = true;
            match decide(&repo.policy, facts) {
                Decision::Pass(permit) => Ok((permit, Some(id))),
                Decision::Refuse(reasons) | Decision::Ask { reasons, .. } => refused(reasons, None),
            }
        }
        QuestionState::Rejected { reason } => {
            let rejected = Refusal {
                rule: "rejected".to_owned(),
                place: reason,
            };
            let refusals = [reasons, vec![rejected]].concat();
            refused(refusals, Some(Asking::Rejected(id)))
        }
        _ => refused(reasons, Some(Asking::Open(id))),
    }
}

/// The most refs and details that one event names.
const NAMED: usize = 16;

fn event_of(
    gate: &Gate,
    repo: &Repo,
    request: &PushRequest,
    outcome: &Result<Passed, PushError>,
) -> GitEvent {
    let change = |update: &crate::push_request::Update| RefChange {
        name: gate.loggable(&update.name),
        old: update.old.to_string(),
        new: update.new.to_string(),
    };
    let (verdict, rule, details, question) = match outcome {
        Ok(Passed { question }) => {
            let rule = if question.is_some() { "approved" } else { "clean" };
            (Verdict::Allowed, rule.to_owned(), Vec::new(), *question)
        }
        Err(PushError::Refused { refusals, asking }) => {
            let rule = refusals.first().map_or_else(String::new, |one| one.rule.clone());
            let details = refusals
                .iter()
                .take(NAMED)
                .map(|one| gate.loggable(&one.to_string()))
                .collect();
            let question = match asking {
                Some(Asking::Open(id) | Asking::Rejected(id)) => Some(*id),
                Some(Asking::NotTaken(_)) | None => None,
            };
            (Verdict::Refused, rule, details, question)
        }
        Err(PushError::Upstream(error)) => (
            Verdict::Failed,
            error.name().to_owned(),
            vec![error.to_string()],
            None,
        ),
        Err(PushError::Forward(error)) => (
            Verdict::Failed,
            error.name().to_owned(),
            vec![error.to_string()],
            None,
        ),
        Err(error @ PushError::Busy) => (Verdict::Refused, "busy".to_owned(), vec![error.to_string()], None),
        Err(error) => (
            Verdict::Refused,
            "unread".to_owned(),
            vec![error.to_string()],
            None,
        ),
    };
    GitEvent {
        repo: repo.name.clone(),
        operation: GitOperation::Push,
        verdict,
        rule,
        details,
        refs: request.updates.iter().take(NAMED).map(change).collect(),
        question,
        objects: 0,
        milliseconds: 0,
    }
}
