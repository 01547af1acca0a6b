use super::*;
use std::fs;

fn key() -> Secret {
    Secret::from("key".to_owned())
}

fn event(time: u64) -> Event {
    Event {
        time,
        door: Door::Egress,
        what: What::Opened,
    }
}

fn open(folder: &Path) -> EventLog {
    let bounds = Bounds {
        hold: 3000,
        log: 4000,
        segment: 1000,
    };
    EventLog::open_within(folder, key(), bounds).unwrap()
}

fn all_lines(log: &mut EventLog) -> Vec<String> {
    log.drain(0).unwrap().lines
}

fn verify(lines: &[String], head: &Head) -> Result<u64, bottle_wire::chain::ChainError> {
    bottle_wire::chain::verify(lines.iter().map(String::as_str), b"key", head)
}

#[test]
fn lines_are_a_chain_that_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    (0..8).for_each(|time| {
        log.append(event(time));
    });
    drop(log);
    let mut log = open(folder.path());
    (8..12).for_each(|time| {
        log.append(event(time));
    });
    let lines = all_lines(&mut log);
    assert!(
        log.segments.len() > 1,
        "more than one file is needed to test them"
    );
    assert_eq!(verify(&lines, &log.head), Ok(12));
}

#[test]
fn a_line_that_was_cut_off_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    (0..3).for_each(|time| {
        log.append(event(time));
    });
    let path = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 9]).unwrap();
    let mut log = open(folder.path());
    log.append(event(9));
    assert_eq!(verify(&all_lines(&mut log), &log.head), Ok(3));
}

#[test]
fn a_log_under_another_key_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    (0..3).for_each(|time| {
        log.append(event(time));
    });
    let other = EventLog::open(folder.path(), Secret::from("other".to_owned()));
    assert!(matches!(other, Err(OpenError::Foreign { .. })));
}

#[test]
fn a_full_log_counts_and_draining_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    (0..100).for_each(|time| {
        log.append(event(time));
    });
    let kept = log.head.seq;
    assert_eq!(log.lost(), 100 - kept);
    assert!(log.size() <= 4000);
    assert!(log.is_full());
    let mut lines = all_lines(&mut log);
    assert_eq!(
        lines.len() as u64,
        kept + 1,
        "what is drained last says what is missing after it"
    );
    assert!(lines[kept as usize].contains(&format!("\"lost\":{{\"count\":{}}}", 100 - kept)));
    assert_eq!(log.drain(kept + 1).unwrap().lines, Vec::<String>::new());
    assert_eq!(log.segments.len(), 1);
    assert!(!log.is_full());
    log.append(event(200));
    lines.extend(log.drain(kept + 1).unwrap().lines);
    assert_eq!(verify(&lines, &log.head), Ok(kept + 2));
    assert_eq!(log.lost(), 100 - kept);
}

fn lost_in(lines: &[String]) -> u64 {
    let counts = lines.iter().map(|line| {
        let line: Line = serde_json::from_str(line).unwrap();
        match line.event.what {
            What::Lost { count } => count,
            _ => 0,
        }
    });
    counts.sum()
}

#[test]
fn every_loss_is_in_the_chain_once_drained_however_often_it_fills() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    let (mut lines, mut sent) = (Vec::new(), 0);
    for round in 0..5 {
        (0..30 + round).for_each(|time| {
            log.append(event(time));
        });
        let what = What::Lost { count: 7 };
        log.append(Event { what, ..event(round) });
        sent += 30 + round + 7;
        let drained = log.drain(lines.len() as u64).unwrap().lines;
        lines.extend(drained);
        let kept = lines.iter().filter(|line| line.contains("opened")).count() as u64;
        assert_eq!(kept + lost_in(&lines), sent, "round {round}");
        assert_eq!(lost_in(&lines), log.lost(), "round {round}");
    }
    assert_eq!(verify(&lines, &log.head), Ok(lines.len() as u64));
}

fn refusal(path: &str, milliseconds: u64) -> Event {
    let request = bottle_wire::event::RequestEvent {
        host: "evil.example".to_owned(),
        port: 443,
        method: "GET".to_owned(),
        path: path.to_owned(),
        verdict: bottle_wire::event::Verdict::Refused,
        rule: "no-route".to_owned(),
        status: Some(403),
        sent: 0,
        received: 0,
        milliseconds,
        headers: Vec::new(),
    };
    Event {
        what: What::Request(request),
        ..event(milliseconds)
    }
}

#[test]
fn equal_refusals_are_counted_and_what_was_allowed_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    (0..10_000).for_each(|time| {
        log.append(refusal("/a", time));
    });
    log.append(refusal("/b", 1));
    (0..5).for_each(|time| {
        let mut allowed = refusal("/a", time);
        if let What::Request(request) = &mut allowed.what {
            request.verdict = bottle_wire::event::Verdict::Allowed;
        }
        log.append(allowed);
    });
    let lines = all_lines(&mut log);
    assert_eq!(lines.len(), 1 + 1 + 5 + 1);
    assert!(
        lines[7].contains("\"repeated\":{\"of\":1,\"count\":9999}"),
        "{}",
        lines[7]
    );
    assert_eq!((verify(&lines, &log.head), log.lost()), (Ok(8), 0));
}

#[test]
fn refused_pushes_are_counted_as_refused_requests_are() {
    use bottle_wire::event::Verdict::{self, Allowed, Failed, Refused};
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    let git = |verdict: Verdict, rule: &str, milliseconds| Event {
        door: Door::GitGate,
        what: What::Git(bottle_wire::git_gate::GitEvent {
            repo: "app".parse().unwrap(),
            operation: bottle_wire::git_gate::GitOperation::Push,
            verdict,
            rule: rule.to_owned(),
            details: vec!["branch in refs/heads/main".to_owned()],
            refs: Vec::new(),
            question: None,
            objects: milliseconds,
            milliseconds,
        }),
        ..event(milliseconds)
    };
    for time in 0..1000 {
        log.append(git(Refused, "branch", time));
        log.append(git(Failed, "unreachable", time));
    }
    (0..3).for_each(|time| {
        log.append(git(Allowed, "clean", time));
    });
    let lines = all_lines(&mut log);
    assert_eq!(lines.len(), 2 + 3 + 2);
    assert!(
        lines[5].contains("\"repeated\":{\"of\":1,\"count\":999}"),
        "{}",
        lines[5]
    );
}

#[test]
fn a_repeat_is_said_within_its_time_and_many_kinds_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path(), key()).unwrap();
    (0..1000).for_each(|n| {
        log.append(refusal(&format!("/{n}"), n));
    });
    assert_eq!(log.deadline(), None, "nothing was repeated");
    log.append(refusal("/999", 1));
    let deadline = log.deadline().unwrap();
    assert!(deadline <= Instant::now() + crate::limits::REPEAT_TIME);
    log.be_late(deadline);
    assert_eq!((log.head.seq, log.deadline()), (1001, None));
}

#[test]
fn a_log_that_cannot_be_written_is_full_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    log.append(event(1));
    let away = folder.path().with_extension("away");
    fs::rename(folder.path(), &away).unwrap();
    log.append(event(2));
    assert!(log.is_full(), "what cannot be recorded must not be done");
    assert_eq!(log.lost(), 1);
    let retry = log.deadline().unwrap();
    log.be_late(retry);
    assert!(log.is_full());
    fs::rename(&away, folder.path()).unwrap();
    log.be_late(log.deadline().unwrap());
    assert!(!log.is_full());
    let lines = all_lines(&mut log);
    assert_eq!((lost_in(&lines), verify(&lines, &log.head)), (1, Ok(2)));
}

#[test]
fn draining_gives_what_fits_and_says_that_there_is_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path(), key()).unwrap();
    let how = "x".repeat(LINE_BYTES / 2);
    for time in 0..9 {
        let what = What::Crashed { how: how.clone() };
        log.append(Event {
            time,
            door: Door::Egress,
            what,
        });
    }
    let first = log.drain(0).unwrap();
    assert!(first.more && first.lines.len() == 7, "{}", first.lines.len());
    let rest = log.drain(7).unwrap();
    assert!(!rest.more && rest.lines.len() == 2);
    assert_eq!(
        log.drain(9).unwrap(),
        Drained {
            lines: Vec::new(),
            more: false
        }
    );
    assert_eq!(
        log.drain(u64::MAX).unwrap(),
        Drained {
            lines: Vec::new(),
            more: false
        }
    );
}

#[test]
fn an_event_that_is_too_long_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path(), key()).unwrap();
    let how = "x".repeat(LINE_BYTES);
    log.append(Event {
        time: 1,
        door: Door::Egress,
        what: What::Crashed { how },
    });
    assert_eq!((log.lost(), log.head.seq), (1, 0));
}

#[test]
fn other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes"), "x").unwrap();
    fs::create_dir(folder.path().join("events-00000000000000000001.jsonl")).unwrap();
    let mut log = open(folder.path());
    assert_eq!(all_lines(&mut log), Vec::<String>::new());
}
