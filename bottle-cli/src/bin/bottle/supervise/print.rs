//! The inbox as text: facts first, and the agent's own words set apart and escaped.

pub(super) mod push;

use bottle_cli::inbox::{BottleInbox, replay};
use bottle_plan::door::Door;
use bottle_plan::egress::{HeaderMatch, PathMatch, RouteMatch, ValueMatch};
use bottle_util::untrusted;
use bottle_wire::supervise::{Granted, Inbox, Proposal, Question, QuestionState, RouteChange};

/// How many digits of the hash a question's name has.
pub(super) const HASH_DIGITS: usize = 12;

/// Renders every inbox.
pub(super) fn all(found: &[BottleInbox], now: u64) -> String {
    let mut text = String::new();
    for bottle in found {
        match (&bottle.inbox, &bottle.silent) {
            (Some(inbox), _) => one(bottle, inbox, now, &mut text),
            (None, reason) => {
                let reason = untrusted::line(reason.as_deref().unwrap_or_default());
                text.push_str(&format!("{}: {reason}\n", bottle.bottle));
            }
        }
    }
    if text.is_empty() {
        text.push_str("nothing waits for you\n");
    }
    text
}

fn one(bottle: &BottleInbox, inbox: &Inbox, now: u64, text: &mut String) {
    for question in &inbox.questions {
        text.push_str(&format!("{}\n", name(bottle, question)));
        text.push_str(&format!(
            "  asked {} ago by {}\n",
            age(question, now),
            asker(question.door)
        ));
        for line in facts(question, bottle) {
            text.push_str(&format!("  {line}\n"));
        }
        for line in words(question) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    for line in rest(inbox, now) {
        text.push_str(&format!("{}: {line}\n", bottle.bottle));
    }
}

/// The name by which a question is answered: it holds the hash over what is shown.
pub(super) fn name(bottle: &BottleInbox, question: &Question) -> String {
    let hash: String = question.hash.as_str().chars().take(HASH_DIGITS).collect();
    format!("{}/{}/{hash}", bottle.bottle, question.id)
}

/// How long ago it was asked.
pub(super) fn age(question: &Question, now: u64) -> String {
    let seconds = now.saturating_sub(question.asked_at / 1000);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// Who asks, in words.
pub(super) const fn asker(door: Door) -> &'static str {
    match door {
        Door::Supervise => "the agent",
        Door::Egress => "egress",
        Door::GitGate => "the git gate",
    }
}

/// What would change, as a diff, and what the change would have allowed.
pub(super) fn facts(question: &Question, bottle: &BottleInbox) -> Vec<String> {
    let change = match &question.proposal {
        Proposal::Routes(change) => change,
        Proposal::Push(push) => return push::facts(push),
    };
    let mut lines = diff(change);
    if let Some(minutes) = change.minutes {
        lines.push(format!("wanted for {minutes} min"));
    }
    let allowed = replay(change, &bottle.refusals);
    lines.push(format!(
        "would have allowed {} of the last {} refusals",
        allowed.len(),
        bottle.refusals.len()
    ));
    lines
}

/// The change as lines that begin with `+` and `-`.
pub(super) fn diff(change: &RouteChange) -> Vec<String> {
    let mut lines = Vec::new();
    for route in &change.add {
        lines.push(format!("+ {}:443, no credential", route.host));
        match route.matches.is_empty() {
            true => lines.push("+   every path, every method".to_owned()),
            false => lines.extend(
                route
                    .matches
                    .iter()
                    .map(|found| format!("+   {}", matching(found))),
            ),
        }
    }
    lines.extend(change.remove.iter().map(|host| format!("- {host}")));
    lines
}

fn matching(found: &RouteMatch) -> String {
    let methods: Vec<&str> = found.methods.iter().map(|method| method.as_str()).collect();
    let paths: Vec<String> = found.paths.iter().map(path).collect();
    let headers: Vec<String> = found.headers.iter().map(header).collect();
    let or = |words: String, all: &str| if words.is_empty() { all.to_owned() } else { words };
    let mut text = format!(
        "{} {}",
        or(methods.join(","), "every method"),
        or(paths.join(" or "), "every path")
    );
    if !headers.is_empty() {
        text.push_str(&format!(" with {}", headers.join(" and ")));
    }
    untrusted::line(&text)
}

fn path(found: &PathMatch) -> String {
    match found {
        PathMatch::Prefix(path) => format!("{path}…"),
        PathMatch::Exact(path) => path.clone(),
        PathMatch::Regex(pattern) => format!("regex {pattern:?}"),
    }
}

fn header(found: &HeaderMatch) -> String {
    match &found.value {
        ValueMatch::Exact(value) => format!("{}: {value:?}", found.name),
        ValueMatch::Regex(pattern) => format!("{}: regex {pattern:?}", found.name),
    }
}

/// The agent's own words, escaped, each line marked as such.
pub(super) fn words(question: &Question) -> Vec<String> {
    // Only the agent has words; a door has said all by its facts.
    if question.door != Door::Supervise {
        return Vec::new();
    }
    if question.words.is_empty() {
        return vec!["it gives no reason".to_owned()];
    }
    let text = untrusted::text(&question.words).replace('\t', " ");
    let said = text.lines().map(|line| format!("│ {line}"));
    std::iter::once("in its own words, which nobody vouches for:".to_owned())
        .chain(said)
        .collect()
}

/// What else there is to know of a bottle: floods and mutes as one line each, notes, and what holds.
pub(super) fn rest(inbox: &Inbox, now: u64) -> Vec<String> {
    let mut lines = Vec::new();
    if inbox.refused > 0 {
        lines.push(format!("{} further questions were not taken", inbox.refused));
    }
    if let Some(until) = inbox.muted_until {
        let minutes = (until / 1000).saturating_sub(now).div_ceil(60);
        lines.push(format!("muted for {minutes} min more after several rejections"));
    }
    for grant in &inbox.grants {
        let granted = match &grant.granted {
            Granted::Hosts(hosts) => hosts
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            Granted::Push(repo) => format!("a push to {}", untrusted::line(repo)),
        };
        let left = |until: u64| (until / 1000).saturating_sub(now).div_ceil(60);
        let time = grant.until.map_or_else(
            || "as long as it runs".to_owned(),
            |until| format!("{} min more", left(until)),
        );
        lines.push(format!("approved as {}: {granted}, {time}", grant.id));
    }
    if inbox.notes_dropped > 0 {
        lines.push(format!("{} older notes were dropped", inbox.notes_dropped));
    }
    let notes = inbox.notes.iter();
    lines.extend(notes.map(|note| format!("note │ {}", untrusted::line(&note.words))));
    lines
}

/// How a question stands, in a few words.
pub(super) fn state_line(state: &QuestionState) -> String {
    match state {
        QuestionState::Pending => "is being put in force".to_owned(),
        QuestionState::Approved { until: None, .. } => {
            "approved, in force as long as the bottle runs".to_owned()
        }
        QuestionState::Approved { .. } => "approved, in force for a time".to_owned(),
        QuestionState::Modified { .. } => "modified, in force".to_owned(),
        QuestionState::Rejected { .. } => "rejected".to_owned(),
        QuestionState::Failed { reason } => format!("not put in force: {}", untrusted::line(reason)),
        QuestionState::Ended => "it has ended".to_owned(),
        QuestionState::Unanswered => "nobody answered in time".to_owned(),
    }
}
