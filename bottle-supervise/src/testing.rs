//! The whole way of an agent's bytes: HTTP, the protocol, the words of a tool, the table, the queue.
//!
//! For fuzz targets.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "whoever fuzzes is told by a panic"
)]

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bottle_plan::door::Door;
use bottle_plan::egress::{EgressPlan, Route, RouteOwner};
use bottle_wire::supervise::{AskAnswer, AskError, AskRequest, Proposal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::yield_now;

use crate::limits::{NOTES, PROPOSAL_BYTES, QUESTIONS};
use crate::server::legacy::Streams;
use crate::server::limits::BODY_BYTES;
use crate::server::{Desk, http};
use crate::{Queue, Saved, check, live_routes};

/// How many times its YAML a settled proposal may be as JSON: each character is escaped at most so.
const ESCAPED: usize = 6;
/// How often the server may go on before its client goes away.
const TURNS: usize = 64;

/// A desk that keeps questions as the sidecar does, and lets nobody wait.
struct Kept {
    queue: Mutex<Queue>,
    table: EgressPlan,
}

impl Kept {
    fn new() -> Self {
        let covered = ["*.covered.example.com", "api.example.com"];
        let routes = covered.iter().filter_map(|host| host.parse().ok());
        let routes = routes.map(|host| Route::to(host, RouteOwner::Manifest));
        Self {
            queue: Mutex::new(Queue::new("fuzzed".parse().expect("a name"), Saved::default())),
            table: EgressPlan {
                routes: routes.collect(),
                ..EgressPlan::default()
            },
        }
    }

    fn with_queue<T>(&self, work: impl FnOnce(&mut Queue) -> T) -> T {
        work(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, request: AskRequest) -> Result<AskAnswer, AskError> {
        match request {
            AskRequest::Put { proposal, words } => {
                let Proposal::Routes(change) = &*proposal else {
                    panic!("an agent can only ask for routes")
                };
                let made = check(change, &self.table);
                let made = made.map_err(|error| AskError::Impossible(error.to_string()))?;
                assert!(made.routes.starts_with(&self.table.routes) || !change.remove.is_empty());
                let bytes = serde_json::to_vec(&*proposal).map_or(usize::MAX, |json| json.len());
                assert!(bytes <= ESCAPED * PROPOSAL_BYTES + PROPOSAL_BYTES, "{bytes}");
                let put = self.with_queue(|queue| queue.put(Door::Supervise, *proposal, words, 0))?;
                Ok(AskAnswer::Asked(put.asked))
            }
            AskRequest::Check { id } => self
                .with_queue(|queue| queue.check(Door::Supervise, id))
                .map(AskAnswer::Asked),
            AskRequest::Routes => Ok(AskAnswer::Routes(live_routes(&self.table))),
            AskRequest::Denials => Ok(AskAnswer::Denials(Vec::new())),
            AskRequest::Notify { words } => self
                .with_queue(|queue| queue.note(words, 0))
                .map(|()| AskAnswer::Noted),
        }
    }
}

#[async_trait]
impl Desk for Kept {
    async fn ask(&self, request: AskRequest) -> AskAnswer {
        self.answer(request).unwrap_or_else(AskAnswer::Refused)
    }

    fn decided(&self) -> watch::Receiver<u64> {
        // Its sender is gone, so nobody waits.
        watch::channel(0).1
    }

    fn now(&self) -> u64 {
        0
    }
}

/// Serves a connection on which these bytes arrive.
///
/// # Panics
///
/// When the server does anything that it must not.
pub fn check_connection(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let desk = Arc::new(Kept::new());
    let answer = runtime.block_on(converse(Arc::<Kept>::clone(&desk), bytes));
    assert!(
        // A request of the older HTTP is answered in it.
        [&b"HTTP/1.1 "[..], b"HTTP/1.0 "]
            .iter()
            .any(|version| answer.is_empty() || answer.starts_with(version)),
        "{answer:?}"
    );
    let inbox = desk.with_queue(|queue| queue.inbox(Vec::new(), 0));
    assert!(inbox.questions.len() <= QUESTIONS && inbox.notes.len() <= NOTES);
}

/// Serves one request with this body.
///
/// # Panics
///
/// When the server does anything that it must not.
pub fn check_call(body: &[u8]) {
    if body.len() > BODY_BYTES {
        return;
    }
    let head = format!(
        "POST / HTTP/1.1\r\nHost: supervise:9100\r\nAccept: application/json, text/event-stream\r\n\
         Content-Type: application/json\r\nMCP-Protocol-Version: 2025-06-18\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    check_connection(&[head.as_bytes(), body].concat());
}

async fn converse(desk: Arc<Kept>, bytes: &[u8]) -> Vec<u8> {
    let (theirs, ours) = tokio::io::duplex(64 << 10);
    let (_end, ending) = watch::channel(());
    let serving = tokio::spawn(http::connection(ours, desk, Streams::default(), ending));
    let (mut answers, mut requests) = tokio::io::split(theirs);
    let sending = async {
        // A server that has heard enough hangs up.
        let _sent = requests.write_all(bytes).await;
        // A client that goes away is not answered; nothing here waits, so all is done after some turns.
        for _ in 0..TURNS {
            yield_now().await;
        }
        let _ended = requests.shutdown().await;
    };
    let mut answer = Vec::new();
    let (_, heard) = tokio::join!(sending, answers.read_to_end(&mut answer));
    let _cut_off = heard;
    let ended = serving.await;
    assert!(ended.is_ok(), "{ended:?}");
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_really_served() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let desk = Arc::new(Kept::new());
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request_egress","arguments":{"host":"new.example.com","justification":"x"}}}"#;
        let head = "POST / HTTP/1.1\r\nHost: supervise\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n";
        let request = format!(
            "{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = runtime.block_on(converse(Arc::clone(&desk), request.as_bytes()));
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("pending, id 1"), "{answer}");
        assert_eq!(
            desk.with_queue(|queue| queue.inbox(Vec::new(), 0))
                .questions
                .len(),
            1
        );
        check_call(body.as_bytes());
        check_connection(b"GET / HTTP/1.1\r\n\r\n");
        check_connection(b"GET /sse HTTP/1.1\r\nHost: supervise\r\n\r\n");
    }
}
