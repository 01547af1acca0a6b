//! What waits, as far as it was fetched: read from the host alone, so that it is there before any bottle was asked.

use std::collections::BTreeMap;

use bottle_wire::chain::Line;
use bottle_wire::event::What;
use bottle_wire::supervise::{Inbox, Question, QuestionId};

use super::{BottleInbox, refusals_in};
use crate::Host;
use crate::state::{METADATA, Metadata, PRESERVE, StateFolder, identities};

/// Returns the open questions of every bottle whose state lies on this host, as its fetched events tell them. An answer
/// is given to a running bottle only, which knows better.
#[must_use]
pub fn recorded(host: &Host) -> Vec<BottleInbox> {
    let root = host.state_root();
    let known = identities(&root).unwrap_or_default();
    let mut found: Vec<BottleInbox> = known
        .into_iter()
        .filter_map(|identity| {
            let state = StateFolder::of(&root, &identity);
            if state.path().join(PRESERVE).exists() {
                return None;
            }
            let metadata: Metadata = state.read_json(METADATA).ok()?;
            let lines = state.events().ok()?;
            let mut questions = open_in(&lines);
            questions.retain(|question| question.is_genuine(&identity));
            (!questions.is_empty()).then(|| BottleInbox {
                bottle: identity,
                backend: metadata.backend,
                inbox: Some(Inbox {
                    questions,
                    ..Inbox::default()
                }),
                silent: None,
                refusals: refusals_in(&lines),
            })
        })
        .collect();
    found.sort_by(|a, b| a.bottle.cmp(&b.bottle));
    found
}

fn open_in(lines: &[String]) -> Vec<Question> {
    let mut open: BTreeMap<QuestionId, Question> = BTreeMap::new();
    // Most lines are about requests, and need not be read for this.
    let about = |line: &&String| !line.contains("\"what\":{\"request\"");
    for line in lines.iter().filter(about) {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            continue;
        };
        match line.event.what {
            What::Asked(question) => drop(open.insert(question.id, *question)),
            What::Answered { id, .. } | What::Expired { id } => drop(open.remove(&id)),
            _ => (),
        }
    }
    open.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bottle_plan::door::Door;
    use bottle_supervise::{Queue, Saved, lower};
    use bottle_wire::chain::Head;
    use bottle_wire::event::Event;
    use bottle_wire::supervise::{Decision, Proposal};

    #[test]
    fn what_was_fetched_tells_what_is_open() {
        let mut queue = Queue::new("demo-a".parse().unwrap(), Saved::default());
        let mut whats = Vec::new();
        for host in ["a.example.com", "b.example.com"] {
            let asked = lower::routes(&format!("routes: [{{host: {host}}}]")).unwrap();
            let asked = Proposal::Routes(asked);
            whats.extend(queue.put(Door::Supervise, asked, String::new(), 0).unwrap().event);
        }
        let first = queue.inbox(Vec::new(), 0).questions.remove(0);
        let reason = String::new();
        let answered = queue.answer(first.id, &first.hash, Decision::Reject { reason }, 1);
        whats.extend(answered.unwrap().1);
        let mut head = Head::start();
        let lines = whats.into_iter().map(|what| {
            let door = Door::Supervise;
            let line = head.append(b"key", Event { time: 0, door, what }).unwrap();
            serde_json::to_string(&line).unwrap()
        });
        let lines: Vec<String> = lines.collect();
        let open = open_in(&lines);
        assert_eq!(open.len(), 1);
        assert_eq!(open, queue.inbox(Vec::new(), 0).questions);
    }
}
