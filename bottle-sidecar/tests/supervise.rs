//! The supervise door of a real sidecar: an agent asks, a human answers over the control socket.
#![cfg(test)]

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use bottle_plan::egress::EgressPlan;
use bottle_supervise::lower;
use bottle_wire::boot::BootAnswer;
use bottle_wire::chain::Head;
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::supervise::{Decision, GrantTime, Inbox, Proposal, Question, QuestionState};
use common::agent::Agent;
use common::sidecar::{CHAIN_KEY, Sidecar, boot};
use common::{PATIENCE, Relay, signal_process, until};
use rustix::process::Signal;
use serde_json::{Value, json};

const HOST: &str = "new.example.com";

fn supervised() -> Sidecar {
    boot_in(Sidecar::start())
}

fn boot_in(mut sidecar: Sidecar) -> Sidecar {
    let boot = bottle_wire::boot::Boot {
        supervise: true,
        ..boot(EgressPlan::default())
    };
    assert!(matches!(sidecar.boot(&boot), BootAnswer::Ready { .. }));
    sidecar
}

fn agent(sidecar: &Sidecar) -> Agent {
    Agent::new(sidecar.path("doors/supervise.sock"), "2025-06-18")
}

fn inbox(sidecar: &Sidecar) -> Inbox {
    match sidecar.ask(&ControlRequest::Inbox) {
        ControlAnswer::Inbox(inbox) => *inbox,
        other => panic!("{other:?}"),
    }
}

fn question(sidecar: &Sidecar) -> Question {
    until("a question is open", || {
        inbox(sidecar).questions.into_iter().next()
    })
}

fn answer(sidecar: &Sidecar, question: &Question, decision: Decision) -> ControlAnswer {
    sidecar.ask(&ControlRequest::Answer {
        id: question.id,
        hash: question.hash.clone(),
        decision,
    })
}

fn approve(time: GrantTime) -> Decision {
    Decision::Approve {
        time,
        notes: "fine".to_owned(),
    }
}

fn reject() -> Decision {
    Decision::Reject {
        reason: "use the mirror".to_owned(),
    }
}

/// The decision about a CONNECT to a host: the door answers 200 for TLS inside, or refuses a port at once.
fn reaches(sidecar: &Sidecar, host: &str) -> bool {
    let mut stream = UnixStream::connect(sidecar.path("doors/egress.sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request =
        format!("GET http://_egress.local/resolve?name={host} HTTP/1.1\r\nHost: _egress.local\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    answer == *b"HTTP/1.1 200"
}

fn whats(sidecar: &Sidecar) -> Vec<String> {
    let lines = sidecar.events();
    let texts = lines.iter().map(String::as_str);
    bottle_wire::chain::verify(texts, CHAIN_KEY.as_bytes(), &Head::start()).unwrap();
    let kinds = lines.iter().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let what = &line["event"]["what"];
        match what.as_object() {
            Some(kind) => kind.keys().next().unwrap().clone(),
            None => what.as_str().unwrap().to_owned(),
        }
    });
    kinds
        .filter(|kind| !matches!(kind.as_str(), "opened" | "request"))
        .collect()
}

#[test]
fn approved_is_heard_once_it_is_in_force_and_reaches_the_agent() {
    let sidecar = supervised();
    let asked = agent(&sidecar).ask(HOST);
    let question = question(&sidecar);
    assert_eq!(question.words, "a test");
    assert!(!reaches(&sidecar, HOST));
    let state = answer(&sidecar, &question, approve(GrantTime::Minutes(5)));
    assert!(
        matches!(
            &state,
            ControlAnswer::Answered(QuestionState::Approved { until: Some(_), .. })
        ),
        "{state:?}"
    );
    assert!(reaches(&sidecar, HOST));
    let (said, error) = asked.join().unwrap();
    assert!(
        said.starts_with("approved, id 1: it is in force for 5 min; they say: fine") && !error,
        "{said}"
    );
    assert_eq!(whats(&sidecar), ["asked", "answered", "reloaded", "applied"]);
    let (listed, _) = agent(&sidecar).call("list_egress_routes", &json!({}));
    assert!(listed.contains(HOST) && !listed.contains("bottle-0"), "{listed}");
}

#[test]
fn a_rejection_reaches_the_agent_with_its_reason() {
    let sidecar = supervised();
    let asked = agent(&sidecar).ask(HOST);
    answer(&sidecar, &question(&sidecar), reject());
    let (said, _) = asked.join().unwrap();
    assert_eq!(said, "rejected, id 1: a person said no; they say: use the mirror");
    assert!(!reaches(&sidecar, HOST));
    let (again, _) = agent(&sidecar).call("check_request", &json!({"id": 1}));
    assert_eq!(again, said);
}

#[test]
fn what_a_person_approves_in_its_place_is_in_force_and_what_was_asked_is_not() {
    const OTHER: &str = "mirror.example.com";
    let sidecar = supervised();
    let asked = agent(&sidecar).ask(HOST);
    let in_its_place = |host: &str| Decision::Modify {
        proposal: Box::new(Proposal::Routes(
            lower::routes(&format!("routes: [{{host: {host}}}]")).unwrap(),
        )),
        time: GrantTime::Minutes(5),
        notes: "this one".to_owned(),
    };
    let state = answer(&sidecar, &question(&sidecar), in_its_place(OTHER));
    assert!(
        matches!(&state, ControlAnswer::Answered(QuestionState::Modified { .. })),
        "{state:?}"
    );
    assert!(reaches(&sidecar, OTHER) && !reaches(&sidecar, HOST));
    let (said, error) = asked.join().unwrap();
    assert!(!error);
    assert_eq!(
        said,
        "modified, id 1: something else was approved in its place and is in force for 5 min; they say: this one\n\
         routes:\n  - host: mirror.example.com\n"
    );
    // A person's own words are checked as the agent's are.
    let asked = agent(&sidecar).ask("another.example.com");
    let refused = answer(&sidecar, &question(&sidecar), in_its_place(OTHER));
    assert!(matches!(&refused, ControlAnswer::Refused { reason } if reason.contains("is covered by")));
    let (said, _) = asked.join().unwrap();
    assert!(
        said.starts_with("failed, id 2: it was approved and could not be put in force"),
        "{said}"
    );
    assert!(!reaches(&sidecar, HOST));
}

#[test]
fn with_nobody_watching_the_answer_is_pending_within_its_bound() {
    let sidecar = supervised();
    let began = Instant::now();
    let (said, error) = agent(&sidecar).ask(HOST).join().unwrap();
    assert!(
        said.starts_with("pending, id 1: nobody has answered yet") && !error,
        "{said}"
    );
    let took = began.elapsed();
    assert!(
        took >= Duration::from_secs(29) && took < Duration::from_secs(40),
        "{took:?}"
    );
}

#[test]
fn an_answer_to_a_changed_or_answered_question_is_refused() {
    let sidecar = supervised();
    let asked = agent(&sidecar).ask(HOST);
    let question = question(&sidecar);
    let other = Question {
        hash: "0".repeat(64).into(),
        ..question.clone()
    };
    let refused = answer(&sidecar, &other, approve(GrantTime::Bottle));
    assert!(matches!(&refused, ControlAnswer::Refused { reason } if reason.contains("look at it again")));
    answer(&sidecar, &question, reject());
    let refused = answer(&sidecar, &question, approve(GrantTime::Bottle));
    assert!(matches!(&refused, ControlAnswer::Refused { reason } if reason.contains("it was rejected")));
    // The same answer again, as of a command that did not hear it: no second decision.
    assert!(matches!(
        answer(&sidecar, &question, reject()),
        ControlAnswer::Answered(_)
    ));
    asked.join().unwrap();
    assert_eq!(whats(&sidecar), ["asked", "answered"]);
    assert!(!reaches(&sidecar, HOST));
}

#[test]
fn a_command_that_dies_after_its_answer_leaves_exactly_one_decision() {
    let sidecar = supervised();
    let asked = agent(&sidecar).ask(HOST);
    let question = question(&sidecar);
    let request = ControlRequest::Answer {
        id: question.id,
        hash: question.hash,
        decision: approve(GrantTime::Bottle),
    };
    let frame = bottle_wire::frame::encode(&request).unwrap();
    for cut in [1, frame.len() / 2, frame.len() - 1, frame.len()] {
        let mut stream = UnixStream::connect(sidecar.path("run/control.sock")).unwrap();
        stream.write_all(&frame[..cut]).unwrap();
        drop(stream);
    }
    let (said, _) = asked.join().unwrap();
    assert!(said.starts_with("approved"), "{said}");
    let decisions = whats(&sidecar);
    assert_eq!(
        decisions.iter().filter(|what| *what == "answered").count(),
        1,
        "{decisions:?}"
    );
}

/// Posts one call through the relay, as an agent in a guest does; returns the status line and the body.
fn ask_through(relay: &Relay, host: &str) -> std::thread::JoinHandle<(String, Value)> {
    let mut stream = relay.connect();
    let arguments = json!({"host": host, "justification": "a test"});
    let params = json!({"name": "request_egress", "arguments": arguments});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let head = "POST / HTTP/1.1\r\nHost: supervise:9100\r\nAccept: application/json, text/event-stream\r\n\
                Content-Type: application/json\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    std::thread::spawn(move || {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap_or_default().to_owned();
        (status, serde_json::from_str(body).unwrap())
    })
}

#[test]
fn a_sidecar_that_is_told_to_end_answers_whoever_waits() {
    let mut sidecar = supervised();
    let relay = Relay::start(&sidecar.path("doors/supervise.sock"));
    let waiting = ask_through(&relay, HOST);
    question(&sidecar);
    sidecar.process.signal(Signal::TERM);
    let (status, body) = waiting.join().unwrap();
    let said = &body["result"]["content"][0]["text"];
    let said = said.as_str().unwrap_or_else(|| panic!("{status} {body}"));
    assert!(said.starts_with("pending, id 1"), "{said}");
    assert!(sidecar.process.wait().success());
}

#[test]
fn questions_and_grants_survive_a_killed_sidecar() {
    let sidecar = supervised();
    let relay = Relay::start(&sidecar.path("doors/supervise.sock"));
    let waiting = ask_through(&relay, "open.example.com");
    question(&sidecar);
    let granted = agent(&sidecar).ask(HOST);
    let found = until("the second question", || {
        inbox(&sidecar)
            .questions
            .into_iter()
            .find(|question| question.id.0 == 2)
    });
    answer(&sidecar, &found, approve(GrantTime::Bottle));
    granted.join().unwrap();
    let Sidecar { root, mut process } = sidecar;
    for door in common::children(process.pid()) {
        signal_process(door, Signal::KILL);
    }
    process.signal(Signal::KILL);
    process.wait();
    let (status, body) = waiting.join().unwrap();
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("stays open: call check_request"), "{message}");
    let sidecar = boot_in(Sidecar::start_in(root));
    assert_eq!(inbox(&sidecar).questions.len(), 1);
    assert!(reaches(&sidecar, HOST));
    let (said, _) = agent(&sidecar).call("check_request", &json!({"id": 1}));
    assert!(said.starts_with("pending, id 1"), "{said}");
    answer(&sidecar, &question(&sidecar), reject());
    let (said, _) = agent(&sidecar).call("check_request", &json!({"id": 1}));
    assert!(said.starts_with("rejected, id 1"), "{said}");
}

#[test]
fn what_can_never_be_approved_is_not_asked() {
    let sidecar = supervised();
    let agent = agent(&sidecar);
    for (tool, arguments, said) in [
        (
            "request_egress",
            json!({"host": "*.example.com", "justification": ""}),
            "exact host",
        ),
        (
            "request_egress",
            json!({"host": "10.0.0.1", "justification": ""}),
            "is an address",
        ),
        (
            "request_egress",
            json!({"host": HOST, "justification": "", "ports": [22]}),
            "unknown field `ports`",
        ),
        (
            "request_egress",
            json!({"host": HOST}),
            "missing field `justification`",
        ),
        (
            "propose_routes",
            json!({"routes_yaml": "routes: [{host: a.example.com, guest_auth: pass}]", "justification": ""}),
            "nothing else",
        ),
        (
            "propose_routes",
            json!({"routes_yaml": "&x [*x", "justification": ""}),
            "proposal",
        ),
        ("check_request", json!({"id": 7}), "no question 7"),
        ("notify", json!({"message": "x".repeat(2001)}), "longer than"),
    ] {
        let (answer, error) = agent.call(tool, &arguments);
        assert!(error && answer.contains(said), "{tool} {arguments}: {answer}");
    }
    assert_eq!(inbox(&sidecar).questions, []);
}

#[test]
fn a_refusal_is_explained_with_what_would_allow_it() {
    let sidecar = supervised();
    assert!(!reaches(&sidecar, HOST));
    // The door answers a little before the first process hears of it.
    let said = until("the refusal is known", || {
        let (said, _) = agent(&sidecar).call("explain_denial", &json!({}));
        said.contains("not-listed").then_some(said)
    });
    assert!(said.contains("call request_egress"), "{said}");
    let (_, error) = agent(&sidecar).call("explain_denial", &json!({"id": 999}));
    assert!(error);
}

#[test]
fn a_note_reaches_the_inbox_and_nothing_else() {
    let sidecar = supervised();
    agent(&sidecar).call("notify", &json!({"message": "\u{1b}]52;c;x\u{7}done"}));
    assert_eq!(inbox(&sidecar).notes[0].words, "\u{1b}]52;c;x\u{7}done");
    assert!(whats(&sidecar).is_empty());
}

#[test]
fn every_protocol_version_is_served() {
    let sidecar = supervised();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let agent = Agent::new(sidecar.path("doors/supervise.sock"), version);
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let answer = agent.rpc("initialize", &params);
        assert_eq!(answer["result"]["protocolVersion"], version, "{answer}");
        assert_eq!(answer["result"]["serverInfo"]["name"], "bot-bottle-supervise");
        let tools = agent.rpc("tools/list", &json!({}));
        assert_eq!(
            tools["result"]["tools"].as_array().map(Vec::len),
            Some(6),
            "{tools}"
        );
    }
    let current = Agent::new(sidecar.path("doors/supervise.sock"), "2026-07-28");
    let meta = json!({"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": meta}).to_string();
    let answer = current.raw(
        format!(
            "POST / HTTP/1.1\r\nHost: supervise\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n\
             MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: server/discover\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .as_bytes(),
    );
    assert!(
        answer.contains("\"2026-07-28\"") && answer.starts_with("HTTP/1.1 200"),
        "{answer}"
    );
}

#[test]
fn what_is_no_request_of_the_protocol_is_refused_and_harms_nobody() {
    let sidecar = supervised();
    let agent = agent(&sidecar);
    let large = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "x".repeat(70_000));
    assert!(agent.post(&large).0.contains("413"));
    assert!(agent.post("{").0.contains(" 4"));
    let deep = "[".repeat(60_000);
    assert!(agent.post(&deep).0.contains(" 4"));
    let foreign =
        "POST / HTTP/1.1\r\nHost: evil.example.com\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert!(agent.raw(foreign.as_bytes()).starts_with("HTTP/1.1 403"));
    let get =
        "GET / HTTP/1.1\r\nHost: supervise:9100\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n";
    assert!(agent.raw(get.as_bytes()).starts_with("HTTP/1.1 405"));
    let elsewhere = "GET /.well-known/oauth-protected-resource HTTP/1.1\r\nHost: supervise:9100\r\nConnection: close\r\n\r\n";
    assert!(agent.raw(elsewhere.as_bytes()).starts_with("HTTP/1.1 404"));
    assert_eq!(sidecar.status().doors[1].restarts, 0);
    assert!(!agent.call("list_egress_routes", &json!({})).1);
}
