//! The questions of the bottle: kept here, on the sidecar's own volume, where no door can write.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use bottle_egress::Rule;
use bottle_plan::door::Door;
use bottle_plan::egress::EgressPlan;
use bottle_plan::names::Identity;
use bottle_supervise::{Put, Queue, Saved, check, check_push, compose, live_routes};
use bottle_util::files;
use bottle_wire::event::{Event, RequestEvent, Verdict, What};
use bottle_wire::git_gate::GitEvent;
use bottle_wire::supervise::{AskAnswer, AskError, AskRequest, Denial, Proposal, QuestionId};

use crate::limits::{DENIALS, QUESTIONS_BYTES};

/// The file's name in the folder of the event log.
const FILE: &str = "questions.json";

/// The queue, its file, and what is shown beside it.
#[derive(Debug)]
pub(super) struct Questions {
    pub(super) queue: Queue,
    file: PathBuf,
    denials: VecDeque<Denial>,
}

/// What follows from something that a door asked.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) answer: AskAnswer,
    pub(super) event: Option<What>,
}

impl Questions {
    /// Opens the questions of a bottle; those that were open are open again.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be read: whatever was answered before must not be asked about again unnoticed.
    pub(super) fn open(folder: &Path, identity: Identity) -> io::Result<Self> {
        let file = folder.join(FILE);
        let saved = match files::read_bounded(&file, QUESTIONS_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Saved::default(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            queue: Queue::new(identity, saved),
            file,
            denials: VecDeque::new(),
        })
    }

    /// Writes them down. What cannot be written is still held in memory.
    pub(super) fn save(&self) {
        let written = serde_json::to_vec(self.queue.saved())
            .map_err(io::Error::from)
            .and_then(|bytes| files::write_private(&self.file, &bytes));
        if let Err(error) = written {
            tracing::error!(%error, "the questions cannot be written down; a restart would forget the last ones");
        }
    }

    /// Puts what was granted on top of the bottle's own table. What does not fit is no longer granted.
    pub(super) fn table(&self, own: &EgressPlan) -> (EgressPlan, Vec<(QuestionId, String)>) {
        let grants: Vec<_> = self.queue.grants().collect();
        let (table, left_out) = compose(own, grants.iter().map(|(_, change)| *change));
        let ids = left_out
            .into_iter()
            .filter_map(|(place, error)| Some((grants.get(place)?.0, error.to_string())));
        (table, ids.collect())
    }

    /// Remembers a refusal for the agent; tells whether what was approved for once has been used.
    pub(super) fn saw(&mut self, number: Option<u64>, seen: Seen) -> bool {
        match (seen, number) {
            (Seen::Refused(mut denial), Some(id)) => {
                denial.id = id;
                while self.denials.len() >= DENIALS {
                    self.denials.pop_front();
                }
                self.denials.push_back(denial);
                false
            }
            (Seen::Refused(_), None) => false,
            (Seen::Passed { host, time }, _) => self.queue.used(&host, time),
            (Seen::Pushed { question, time }, _) => self.queue.pushed(question, time),
        }
    }

    /// Answers what a door asks.
    pub(super) fn hear(&mut self, door: Door, request: AskRequest, table: &EgressPlan, now: u64) -> Heard {
        let answer = match request {
            AskRequest::Put { proposal, words } => return self.put(door, *proposal, words, table, now),
            AskRequest::Check { id } => self.queue.check(door, id).map(AskAnswer::Asked),
            AskRequest::Routes => Ok(AskAnswer::Routes(live_routes(table))),
            AskRequest::Denials => Ok(AskAnswer::Denials(self.denials.iter().cloned().collect())),
            AskRequest::Notify { words } => {
                let noted = self.queue.note(words, now);
                self.save();
                noted.map(|()| AskAnswer::Noted)
            }
        };
        Heard {
            answer: answer.unwrap_or_else(AskAnswer::Refused),
            event: None,
        }
    }

    fn put(&mut self, door: Door, proposal: Proposal, words: String, table: &EgressPlan, now: u64) -> Heard {
        // One that holds already is found first: the table has it by now, and would refuse it.
        let stands = self.queue.stands(door, &proposal, now);
        let put = match stands {
            Some(asked) => Ok(Put { asked, event: None }),
            None => {
                possible(door, &proposal, table).and_then(|()| self.queue.put(door, proposal, words, now))
            }
        };
        match put {
            Ok(put) => {
                if put.event.is_some() {
                    self.save();
                }
                Heard {
                    answer: AskAnswer::Asked(put.asked),
                    event: put.event,
                }
            }
            Err(error) => Heard {
                answer: AskAnswer::Refused(error),
                event: None,
            },
        }
    }
}

/// Says why a proposal can never be approved, before anybody is asked.
fn possible(door: Door, proposal: &Proposal, table: &EgressPlan) -> Result<(), AskError> {
    match (door, proposal) {
        (Door::Supervise, Proposal::Routes(change)) => check(change, table)
            .map(drop)
            .map_err(|error| AskError::Impossible(error.to_string())),
        (Door::GitGate, Proposal::Push(push)) => {
            check_push(push).map_err(|error| AskError::Impossible(error.to_string()))
        }
        _ => Err(AskError::Impossible("this door cannot ask for that".to_owned())),
    }
}

/// What of an event matters here; the header fields of a request do not, and may be long.
#[derive(Debug)]
pub(super) enum Seen {
    /// A request was refused; the number is still to come.
    Refused(Denial),
    /// A request got through to its host, and is over.
    Passed { host: String, time: u64 },
    /// A push passed because a question was approved.
    Pushed { question: QuestionId, time: u64 },
}

impl Seen {
    pub(super) fn of(event: &Event) -> Option<Self> {
        let time = event.time;
        match &event.what {
            What::Request(request) => Self::of_request(time, request),
            What::Git(GitEvent {
                verdict: Verdict::Allowed,
                question: Some(question),
                ..
            }) => Some(Self::Pushed {
                question: *question,
                time,
            }),
            _ => None,
        }
    }

    fn of_request(time: u64, request: &RequestEvent) -> Option<Self> {
        let is = |rule: &Rule| rule.name() == request.rule;
        match request.verdict {
            Verdict::Refused => Some(Self::Refused(denial(time, request))),
            // The host heard nothing, so what was approved is still to be used.
            Verdict::Failed if Rule::BEFORE_THE_HOST.iter().any(is) => None,
            Verdict::Allowed | Verdict::Failed => Some(Self::Passed {
                host: request.host.clone(),
                time,
            }),
        }
    }
}

fn denial(time: u64, request: &RequestEvent) -> Denial {
    Denial {
        id: 0,
        time,
        host: request.host.clone(),
        port: request.port,
        method: request.method.clone(),
        path: request.path.split('?').next().unwrap_or_default().to_owned(),
        rule: request.rule.clone(),
    }
}

#[cfg(test)]
mod tests;
