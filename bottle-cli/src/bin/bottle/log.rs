//! `bottle log`: what a bottle's doors decided.

use bottle_cli::exit::Exit;
use bottle_cli::state::StateFolder;
use bottle_cli::{Host, Wiring, ended_bottles, events};
use bottle_plan::names::Identity;
use bottle_util::untrusted;
use bottle_wire::chain::Line;
use bottle_wire::event::{RequestEvent, Verdict, What};
use bottle_wire::git_gate::{GitEvent, GitOperation, RefChange};
use bottle_wire::supervise::Decision;

use crate::args::LogArgs;
use crate::output;
use crate::output::say;
use crate::report::Failure;

pub(crate) async fn run(host: &Host, args: &LogArgs) -> Result<u8, Failure> {
    let state = find(host, &args.identity)?;
    if let Ok(bottle) = Wiring::standard(host).open(&args.identity).await
        && let Err(error) = events::drain(bottle.as_ref(), &state).await
    {
        say!("bottle: the newest events are missing: {error}");
    }
    let (lines, chain) = events::read(&state).await?;
    let verified = events::verify(&lines, &chain);
    if args.verify {
        return match verified {
            Ok(count) => {
                say!("bottle: {count} events, each as the doors wrote it");
                Ok(0)
            }
            Err(error) => Err(Failure::words(
                Exit::Refused,
                format!("the log is not what the doors wrote: {error}"),
            )),
        };
    }
    if let Err(error) = verified {
        say!("bottle: the log is not what the doors wrote: {error}");
    }
    for text in lines {
        let Ok(line) = serde_json::from_str::<Line>(&text) else {
            say!("bottle: a line of the log is damaged");
            continue;
        };
        if args.refused && !is_refusal(&line) {
            continue;
        }
        output::data(&if args.json {
            format!("{text}\n")
        } else {
            shown(&line)
        })?;
    }
    Ok(0)
}

/// Finds the state of a bottle, or what stays of the last one of that name that is gone.
fn find(host: &Host, identity: &Identity) -> Result<StateFolder, Failure> {
    let state = StateFolder::of(&host.state_root(), identity);
    if state.path().is_dir() {
        return Ok(state);
    }
    let mut ended = ended_bottles(&host.events_root())?;
    ended.retain(|ended| ended.identity() == identity);
    let Some((last, earlier)) = ended.split_last() else {
        let words = format!("there is no bottle named {identity}");
        return Err(Failure::words(Exit::Usage, words).hint("`bottle list` shows what is there".to_owned()));
    };
    for earlier in earlier {
        let folder = earlier.folder().path().display();
        say!("bottle: an earlier bottle had this name; its events are in {folder}");
    }
    Ok(last.folder().clone())
}

fn is_refusal(line: &Line) -> bool {
    match &line.event.what {
        What::Request(request) => request.verdict == Verdict::Refused,
        What::Git(git) => git.verdict == Verdict::Refused,
        _ => false,
    }
}

fn shown(line: &Line) -> String {
    let time =
        jiff::Timestamp::from_millisecond(i64::try_from(line.event.time).unwrap_or(0)).unwrap_or_default();
    let what = match &line.event.what {
        What::Request(request) => request_line(request),
        What::Git(git) => git_line(git),
        What::Opened => "opened".to_owned(),
        What::Crashed { how } => format!("crashed: {how}"),
        What::Repeated { of, count } => format!("event {of} again, {count} times"),
        What::Lost { count } => format!("{count} events were lost"),
        What::Asked(question) => format!("question {} was asked: {}", question.id, question.words),
        What::Answered { id, decision } => format!("question {id} was answered: {}", answered(decision)),
        What::Applied { id, .. } => format!("question {id}: what was approved is in force"),
        What::NotApplied { id, reason } => format!("question {id}: not put in force: {reason}"),
        What::Expired { id } => format!("question {id} is over"),
        What::Reloaded { routes } => format!("reloaded, {routes} routes"),
    };
    format!("{time:.0}\t{}\t{}\n", line.event.door, untrusted::line(&what))
}

fn answered(decision: &Decision) -> String {
    match decision {
        Decision::Approve { notes, .. } => format!("approved {notes}"),
        Decision::Modify { notes, .. } => format!("modified {notes}"),
        Decision::Reject { reason } => format!("rejected {reason}"),
    }
}

fn request_line(request: &RequestEvent) -> String {
    let RequestEvent {
        host,
        port,
        method,
        path,
        rule,
        sent,
        received,
        ..
    } = request;
    let verdict = verdict_word(request.verdict);
    let status = request
        .status
        .map_or_else(|| "-".to_owned(), |status| status.to_string());
    format!("{verdict} {status} {method} {host}:{port}{path} ({rule}) up {sent} down {received}")
}

fn git_line(git: &GitEvent) -> String {
    let operation = match git.operation {
        GitOperation::Read => "read",
        GitOperation::Push => "push",
    };
    let refs: Vec<String> = git.refs.iter().map(ref_change).collect();
    let question = git.question.as_ref().map(|id| format!("question {id}"));
    let further = [refs, git.details.clone(), question.into_iter().collect()].concat();
    let further = match further.is_empty() {
        true => String::new(),
        false => format!(": {}", further.join("; ")),
    };
    let verdict = verdict_word(git.verdict);
    format!("{verdict} {operation} {} ({}){further}", git.repo, git.rule)
}

fn ref_change(change: &RefChange) -> String {
    let short = |id: &str| id.chars().take(10).collect::<String>();
    format!("{} {}..{}", change.name, short(&change.old), short(&change.new))
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Refused => "refused",
        Verdict::Failed => "failed",
    }
}
