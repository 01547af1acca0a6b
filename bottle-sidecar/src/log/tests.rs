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
    (0..8).for_each(|time| log.append(event(time)));
    drop(log);
    let mut log = open(folder.path());
    (8..12).for_each(|time| log.append(event(time)));
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
    (0..3).for_each(|time| log.append(event(time)));
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
    (0..3).for_each(|time| log.append(event(time)));
    let other = EventLog::open(folder.path(), Secret::from("other".to_owned()));
    assert!(matches!(other, Err(OpenError::Foreign { .. })));
}

#[test]
fn a_full_log_counts_and_draining_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    (0..100).for_each(|time| log.append(event(time)));
    let kept = log.head.seq;
    assert_eq!(log.lost(), 100 - kept);
    assert!(log.size() <= 4000);
    let mut lines = all_lines(&mut log);
    assert_eq!(lines.len() as u64, kept);
    assert_eq!(log.drain(kept).unwrap().lines, Vec::<String>::new());
    assert_eq!(log.segments.len(), 1);
    log.append(event(200));
    lines.extend(log.drain(kept).unwrap().lines);
    assert!(lines[kept as usize].contains(&format!("\"lost\":{{\"count\":{}}}", 100 - kept)));
    assert_eq!(verify(&lines, &log.head), Ok(kept + 2));
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
