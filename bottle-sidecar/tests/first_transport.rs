//! The supervise door of a real sidecar and clients of the protocol's first transport: a stream of events, and posts.
#![cfg(test)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use bottle_plan::egress::EgressPlan;
use bottle_wire::boot::{Boot, BootAnswer};
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::supervise::{Decision, GrantTime, Question};
use common::agent::Agent;
use common::sidecar::{Sidecar, boot};
use common::{PATIENCE, until};
use rustix::process::Signal;
use serde_json::{Value, json};

/// The streams that the door serves at a time, and the calls of each.
const STREAMS: usize = 8;
const CALLS: usize = 16;

fn supervised() -> Sidecar {
    let mut sidecar = Sidecar::start();
    let boot = Boot {
        supervise: true,
        ..boot(EgressPlan::default())
    };
    assert!(matches!(sidecar.boot(&boot), BootAnswer::Ready { .. }));
    sidecar
}

fn agent(sidecar: &Sidecar) -> Agent {
    Agent::new(sidecar.path("doors/supervise.sock"), "2024-11-05")
}

fn questions(sidecar: &Sidecar) -> Vec<Question> {
    match sidecar.ask(&ControlRequest::Inbox) {
        ControlAnswer::Inbox(inbox) => inbox.questions,
        other => panic!("{other:?}"),
    }
}

/// A stream that a client has opened.
struct Stream {
    events: BufReader<UnixStream>,
    endpoint: String,
}

impl Stream {
    /// Opens one, unless the door says no.
    fn open(sidecar: &Sidecar) -> Option<Self> {
        let mut stream = UnixStream::connect(sidecar.path("doors/supervise.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The older version of HTTP has no chunks.
        let request = "GET /sse HTTP/1.0\r\nHost: supervise:9100\r\nAccept: text/event-stream\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut events = BufReader::new(stream);
        let head: Vec<String> = (&mut events)
            .lines()
            .map(Result::unwrap)
            .take_while(|line| !line.is_empty())
            .collect();
        if head[0].contains(" 503 ") {
            return None;
        }
        assert!(
            head[0].contains(" 200 ") && head.contains(&"content-type: text/event-stream".to_owned()),
            "{head:?}"
        );
        let endpoint = String::new();
        let mut stream = Self { events, endpoint };
        let (name, endpoint) = stream.event().unwrap();
        assert_eq!(name, "endpoint");
        stream.endpoint = endpoint;
        Some(stream)
    }

    /// The next event's name and data; none once the door has closed the stream.
    fn event(&mut self) -> Option<(String, String)> {
        let lines: Vec<String> = (&mut self.events)
            .lines()
            .map(Result::unwrap)
            .take_while(|line| !line.is_empty())
            .collect();
        let field = |name: &str| {
            let line = lines.iter().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{lines:?}")).to_owned()
        };
        (!lines.is_empty()).then(|| (field("event: "), field("data: ")))
    }

    fn answer(&mut self) -> Value {
        let (name, data) = self.event().unwrap();
        assert_eq!(name, "message");
        serde_json::from_str(&data).unwrap()
    }

    /// Posts a message and returns the status.
    fn post(&self, agent: &Agent, body: &str) -> String {
        post(agent, &self.endpoint, "supervise:9100", body)
    }

    fn request(&self, agent: &Agent, id: usize, method: &str, params: &Value) -> String {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.post(agent, &body.to_string())
    }

    fn ask(&self, agent: &Agent, id: usize) -> String {
        let arguments = json!({"host": format!("h{id}.example.com"), "justification": "a test"});
        let params = json!({"name": "request_egress", "arguments": arguments});
        self.request(agent, id, "tools/call", &params)
    }
}

fn post(agent: &Agent, endpoint: &str, host: &str, body: &str) -> String {
    let request = format!(
        "POST {endpoint} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = agent.raw(request.as_bytes());
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn said(answer: &Value) -> &str {
    let text = answer["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn a_client_of_the_first_transport_is_served() {
    let sidecar = supervised();
    let agent = agent(&sidecar);
    let mut stream = Stream::open(&sidecar).unwrap();
    let params = json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    assert_eq!(stream.request(&agent, 1, "initialize", &params), "202");
    let begun = stream.answer();
    assert_eq!(begun["id"], 1);
    assert_eq!(begun["result"]["protocolVersion"], "2024-11-05", "{begun}");
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(stream.post(&agent, initialized), "202");
    // One call waits for a person, and others are answered meanwhile.
    assert_eq!(stream.ask(&agent, 2), "202");
    assert_eq!(stream.request(&agent, 3, "tools/list", &json!({})), "202");
    let listed = stream.answer();
    assert_eq!(listed["id"], 3);
    assert_eq!(
        listed["result"]["tools"].as_array().map(Vec::len),
        Some(6),
        "{listed}"
    );
    let question = until("a question is open", || questions(&sidecar).pop());
    sidecar.ask(&ControlRequest::Answer {
        id: question.id,
        hash: question.hash,
        decision: Decision::Approve {
            time: GrantTime::Minutes(5),
            notes: String::new(),
        },
    });
    let answer = stream.answer();
    assert_eq!(answer["id"], 2);
    assert!(said(&answer).starts_with("approved, id 1"), "{answer}");
}

#[test]
fn a_stream_has_so_many_calls_and_ends_with_the_sidecar_once_they_are_answered() {
    let mut sidecar = supervised();
    let agent = agent(&sidecar);
    let mut stream = Stream::open(&sidecar).unwrap();
    for id in 0..CALLS {
        assert_eq!(stream.ask(&agent, id), "202", "{id}");
    }
    assert_eq!(stream.ask(&agent, CALLS), "503");
    until("all are open", || {
        (questions(&sidecar).len() == CALLS).then_some(())
    });
    sidecar.process.signal(Signal::TERM);
    for _ in 0..CALLS {
        let answer = stream.answer();
        assert!(said(&answer).starts_with("pending, id "), "{answer}");
    }
    assert_eq!(stream.event(), None);
    assert!(sidecar.process.wait().success());
}

#[test]
fn there_are_so_many_streams_and_a_closed_one_leaves_its_place() {
    let sidecar = supervised();
    let mut streams: Vec<Stream> = (0..STREAMS).map(|_| Stream::open(&sidecar).unwrap()).collect();
    assert!(Stream::open(&sidecar).is_none());
    let closed = streams.remove(0).endpoint;
    until("a place is free", || Stream::open(&sidecar));
    let agent = agent(&sidecar);
    assert_eq!(post(&agent, &closed, "supervise", "{}"), "404");
    // The others, and the current transport, are served as before.
    assert_eq!(streams[0].request(&agent, 1, "ping", &json!({})), "202");
    assert_eq!(streams[0].answer()["id"], 1);
    assert!(!agent.call("list_egress_routes", &json!({})).1);
}

#[test]
fn what_is_no_request_of_the_first_transport_is_refused() {
    let sidecar = supervised();
    let agent = agent(&sidecar);
    let mut stream = Stream::open(&sidecar).unwrap();
    for endpoint in [
        "/messages",
        "/messages?stream=",
        "/messages?stream=2",
        "/messages?stream=-1",
    ] {
        assert_eq!(post(&agent, endpoint, "supervise", "{}"), "404", "{endpoint}");
    }
    assert_eq!(post(&agent, "/sse", "supervise", "{}"), "405");
    assert_eq!(post(&agent, &stream.endpoint, "evil.example.com", "{}"), "403");
    let large = "x".repeat(70_000);
    assert_eq!(stream.post(&agent, &large), "413");
    let page = "GET /sse HTTP/1.0\r\nHost: supervise\r\nOrigin: https://evil.example.com\r\n\r\n";
    assert!(agent.raw(page.as_bytes()).contains(" 403 "));
    // What is no message is an error, and the stream goes on.
    for none in ["{", "[]", "{}", "null"] {
        assert_eq!(stream.post(&agent, none), "202", "{none}");
        let answer = stream.answer();
        assert!(answer["error"]["code"].is_i64(), "{none}: {answer}");
    }
    stream.request(&agent, 9, "ping", &json!({}));
    assert_eq!(stream.answer()["id"], 9);
}
