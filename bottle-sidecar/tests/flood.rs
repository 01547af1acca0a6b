//! An agent that makes events as fast as it can.
#![cfg(test)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use bottle_plan::egress::{EgressPlan, LogDetail};
use bottle_wire::boot::BootAnswer;
use bottle_wire::chain::{Head, Line};
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::event::What;
use common::sidecar::{CHAIN_KEY, Sidecar, boot};
use common::{PATIENCE, until};

/// The events of this many bytes are more than the log takes.
const ENOUGH: u64 = 200 << 20;

/// One connection of the agent's.
struct Agent(BufReader<UnixStream>);

impl Agent {
    fn connect(sidecar: &Sidecar) -> Self {
        let stream = UnixStream::connect(sidecar.path("doors/egress.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Asks for what no route allows; returns the status and the body.
    fn ask(&mut self, host: &str, filling: &str) -> (u16, String) {
        let request = format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n{filling}\r\n");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut length, mut line) = (0, 0, String::new());
        while line != "\r\n" {
            line.clear();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the door hung up");
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            }
            if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = rest.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }
}

fn flooded() -> Sidecar {
    let mut sidecar = Sidecar::start();
    let plan = EgressPlan {
        log: LogDetail::Headers,
        ..EgressPlan::default()
    };
    assert!(matches!(sidecar.boot(&boot(plan)), BootAnswer::Ready { .. }));
    sidecar
}

/// Header fields that make an event of some thirty kilobytes.
fn filling() -> String {
    let field = |n: u32| format!("x-{n}: {}\r\n", "v".repeat(250));
    (0..110).map(field).collect()
}

fn size(sidecar: &Sidecar) -> u64 {
    let files = fs::read_dir(sidecar.path("events")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// Fetches what comes after these lines.
fn drain(sidecar: &Sidecar, mut lines: Vec<String>) -> Vec<String> {
    loop {
        let after = lines.len() as u64;
        match sidecar.ask(&ControlRequest::Drain { after }) {
            ControlAnswer::Events { lines: some, more } => {
                lines.extend(some);
                if !more {
                    return lines;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

fn lost(lines: &[String]) -> u64 {
    // Most lines are long, and say something else.
    let losses = lines
        .iter()
        .filter(|line| line.len() < 1000 && line.contains("lost"));
    let counts = losses.map(
        |line| match serde_json::from_str::<Line>(line).unwrap().event.what {
            What::Lost { count } => count,
            _ => 0,
        },
    );
    counts.sum()
}

#[test]
fn event_flood_is_bounded() {
    let sidecar = flooded();
    let mut agent = Agent::connect(&sidecar);
    let filling = filling();
    let mut refused = 0;
    let body = loop {
        match agent.ask(&format!("host-{refused}.example"), &filling) {
            (403, _) => refused += 1,
            (503, body) => break body,
            other => panic!("{other:?}"),
        }
        assert!(
            refused * filling.len() as u64 <= ENOUGH,
            "an endless log, or events that nobody recorded"
        );
    };
    assert!(body.contains("unrecorded"), "the agent is told why: {body}");
    for n in 0..200 {
        assert_eq!(agent.ask(&format!("more-{n}.example"), &filling).0, 503);
    }
    let full = size(&sidecar);
    assert!(
        full < 80 << 20,
        "what was under way is recorded, and no more: {full}"
    );
    let mut lines = drain(&sidecar, Vec::new());
    until("the door records again", || {
        (agent.ask("again.example", "").0 == 403).then_some(())
    });
    until("what was not recorded is counted", || {
        lines = drain(&sidecar, std::mem::take(&mut lines));
        (lost(&lines) >= 201).then_some(())
    });
    assert_eq!(sidecar.status().events_lost, lost(&lines));
    let recorded = lines.iter().filter(|line| line.contains("host-")).count() as u64;
    assert_eq!(recorded, refused, "every refusal that was recorded is there");
    let texts = lines.iter().map(String::as_str);
    let verified = bottle_wire::chain::verify(texts, CHAIN_KEY.as_bytes(), &Head::start());
    assert_eq!(verified, Ok(lines.len() as u64));
    assert!(size(&sidecar) < 8 << 20, "drained events make room");
}

#[test]
fn a_refusal_that_is_repeated_is_counted() {
    let sidecar = flooded();
    let mut agent = Agent::connect(&sidecar);
    for _ in 0..3000 {
        assert_eq!(agent.ask("same.example", "").0, 403);
    }
    // The door says them in its own time.
    let count = until("all are counted", || {
        let events = sidecar.events();
        let counts = events.iter().map(
            |line| match serde_json::from_str::<Line>(line).unwrap().event.what {
                What::Repeated { count, .. } => count,
                What::Request(_) => 1,
                _ => 0,
            },
        );
        let count: u64 = counts.sum();
        (count == 3000).then_some(events.len())
    });
    assert!(count < 100, "{count} lines");
}
