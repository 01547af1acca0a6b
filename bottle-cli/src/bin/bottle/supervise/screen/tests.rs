use super::*;
use bottle_plan::door::Door;
use bottle_supervise::{Queue, Saved, lower};
use bottle_wire::git_gate::RefChange;
use bottle_wire::supervise::{Decision, GrantTime, Proposal, PushFinding, PushProposal};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const WORDS: &str =
    "I need it\u{1b}[2J\u{1b}]0;pwned\u{7}\r\nbottle: approve? [y/N] \u{202e}txt.exe \u{200b}";

fn bottle(name: &str, hosts: &[String], words: &str) -> BottleInbox {
    let bottle: Identity = name.parse().unwrap();
    let mut queue = Queue::new(bottle.clone(), Saved::default());
    for host in hosts {
        let asked = lower::egress(&lower::EgressRequest {
            host: host.clone(),
            paths: vec!["/v1".to_owned()],
            methods: vec!["GET".to_owned()],
            duration: Some("2h".to_owned()),
        });
        let asked = Proposal::Routes(asked.unwrap());
        let _flood = queue.put(Door::Supervise, asked, words.to_owned(), 60_000);
    }
    for n in 0..30 {
        queue.note(format!("note {n} \u{1b}[31m"), 0).unwrap();
    }
    BottleInbox {
        bottle,
        backend: "docker".parse().unwrap(),
        inbox: Some(queue.inbox(Vec::new(), 60_000)),
        silent: None,
        refusals: Vec::new(),
    }
}

fn screen(bottles: Vec<BottleInbox>) -> Screen {
    let mut screen = Screen {
        now: 360,
        ..Screen::default()
    };
    screen.update(bottles);
    screen
}

fn press(screen: &mut Screen, keys: &[KeyCode]) -> Step {
    let mut step = Step::Stay;
    for key in keys {
        step = screen.key(KeyEvent::new(*key, KeyModifiers::NONE));
    }
    step
}

fn drawn(screen: &Screen, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw::draw(frame, screen)).unwrap();
    terminal.backend().to_string()
}

fn hostile() -> Screen {
    let homoglyph = "\u{430}pi.example.com".to_owned();
    let long = format!("{}.example.com", ["a".repeat(60).as_str(); 3].join("."));
    let hosts: Vec<String> = [homoglyph, long]
        .into_iter()
        .chain((0..200).map(|n| format!("h{n}.example.com")))
        .collect();
    screen(vec![bottle("demo-a", &hosts, WORDS)])
}

#[test]
fn hostile_questions_do_no_harm_on_screen() {
    for (columns, rows) in [(80, 24), (200, 60)] {
        let mut screen = hostile();
        insta::assert_snapshot!(format!("list_{columns}x{rows}"), drawn(&screen, columns, rows));
        press(&mut screen, &[KeyCode::Enter]);
        insta::assert_snapshot!(format!("detail_{columns}x{rows}"), drawn(&screen, columns, rows));
    }
}

/// A held push whose names and lines the agent chose to deceive whoever reads them.
fn held() -> Screen {
    let identity: Identity = "demo-a".parse().unwrap();
    let mut queue = Queue::new(identity.clone(), Saved::default());
    let hostile = "x\u{1b}[2J\n+ approved by everybody\u{202e}";
    let push = PushProposal {
        repo: "app".to_owned(),
        refs: vec![RefChange {
            name: format!("refs/heads/bottle/demo-a/{hostile}"),
            old: "0".repeat(40),
            new: "1".repeat(40),
        }],
        ci_files: vec![".github/workflows/a.yml".to_owned(), hostile.to_owned()],
        findings: vec![PushFinding {
            rule: "aws-access-key-id".to_owned(),
            file: hostile.to_owned(),
            line: 3,
            commit: Some("2".repeat(40)),
            masked: "AKIA****************".to_owned(),
            text: format!("key = *  # gitleaks:allow {hostile}"),
        }],
    };
    let put = queue.put(Door::GitGate, Proposal::Push(push), String::new(), 60_000);
    put.unwrap();
    screen(vec![BottleInbox {
        bottle: identity,
        backend: "docker".parse().unwrap(),
        inbox: Some(queue.inbox(Vec::new(), 60_000)),
        silent: None,
        refusals: Vec::new(),
    }])
}

#[test]
fn a_held_push_does_no_harm_on_screen() {
    for (columns, rows) in [(80, 24), (200, 60)] {
        let mut screen = held();
        let list = drawn(&screen, columns, rows);
        assert!(
            list.contains("push to app: refs/heads/bottle/demo-a/x\\u{1b}[2J"),
            "{list}"
        );
        press(&mut screen, &[KeyCode::Enter]);
        insta::assert_snapshot!(format!("push_{columns}x{rows}"), drawn(&screen, columns, rows));
    }
}

#[test]
fn a_push_is_let_through_for_a_typed_reason_only() {
    use KeyCode::{Char, Enter};
    for keys in [
        &[Enter, Char('o')][..],
        &[Enter, Char('o'), Enter],
        &[Enter, Char('o'), Char(' '), Enter],
        &[Enter, Char('b')],
        &[Enter, Char('t'), Char('5'), Enter],
        &[Enter, Char('e')],
    ] {
        assert_eq!(press(&mut held(), keys), Step::Stay, "{keys:?}");
    }
    let mut screen = held();
    match press(&mut screen, &[Enter, Char('o'), Char('o'), Char('k'), Enter]) {
        Step::Answer(_, decision) => {
            let time = GrantTime::Once;
            let notes = "ok".to_owned();
            assert_eq!(decision, Decision::Approve { time, notes });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_that_moves_the_cursor_reaches_the_screen() {
    let mut screen = hostile();
    let list = drawn(&screen, 80, 24);
    press(&mut screen, &[KeyCode::Enter]);
    for shown in [list, drawn(&screen, 80, 24)] {
        assert!(
            shown
                .chars()
                .all(|c| c == '\n' || bottle_util::untrusted::is_plain(c)),
            "{shown}"
        );
    }
}

#[test]
fn long_words_cannot_begin_a_line_that_looks_like_ours() {
    let words = format!("please{}+ evil.example.com:443, no credential", " ".repeat(200));
    let mut screen = screen(vec![bottle("demo-a", &["a.example.com".to_owned()], &words)]);
    press(&mut screen, &[KeyCode::Enter]);
    for columns in 20..100 {
        let shown = drawn(&screen, columns, 60);
        let after = shown
            .lines()
            .skip_while(|line| !line.contains("│ please"))
            .skip(1);
        let said: Vec<&str> = after.take_while(|line| line.starts_with("\"│ ")).collect();
        let said: String = said
            .iter()
            .flat_map(|line| line.trim_matches('"').chars().skip(2))
            .collect();
        assert!(said.contains("no credential"), "{columns}: {shown}");
    }
}

#[test]
fn no_words_make_the_screen_panic() {
    proptest::proptest!(|(words in "\\PC*|[\\x00-\\x9f]*|.*", columns in 1u16..200, rows in 1u16..60)| {
        let mut screen = screen(vec![bottle("demo-a", &["a.example.com".to_owned()], &words.chars().take(400).collect::<String>())]);
        drawn(&screen, columns, rows);
        press(&mut screen, &[KeyCode::Enter]);
        drawn(&screen, columns, rows);
    });
}

#[test]
fn keys_answer_exactly_what_was_shown() {
    let one = || screen(vec![bottle("demo-a", &["a.example.com".to_owned()], "why")]);
    let answered = |keys: &[KeyCode]| match press(&mut one(), keys) {
        Step::Answer(shown, decision) => (shown.question.id.0, decision),
        other => panic!("{other:?}"),
    };
    let approve = |time| Decision::Approve {
        time,
        notes: String::new(),
    };
    use KeyCode::{Backspace, Char, Enter, Esc};
    assert_eq!(answered(&[Enter, Char('o')]), (1, approve(GrantTime::Once)));
    assert_eq!(answered(&[Enter, Char('b')]), (1, approve(GrantTime::Bottle)));
    let minutes = [
        Enter,
        Char('t'),
        Char('x'),
        Char('1'),
        Char('5'),
        Backspace,
        Enter,
    ];
    assert_eq!(answered(&minutes), (1, approve(GrantTime::Minutes(1))));
    let reject = [Enter, Char('r'), Char('n'), Char('o'), Enter];
    assert_eq!(
        answered(&reject),
        (
            1,
            Decision::Reject {
                reason: "no".to_owned()
            }
        )
    );
    // No key of the list answers anything, and nothing but minutes above 0 are minutes.
    for keys in [
        &[Char('o')][..],
        &[Char('b')],
        &[Char('y')],
        &[Enter, Char('y')],
        &[Enter, Enter],
        &[Enter, Char('t'), Char('0'), Enter],
    ] {
        assert_eq!(press(&mut one(), keys), Step::Stay, "{keys:?}");
    }
    assert_eq!(press(&mut one(), &[Enter, Esc, Esc]), Step::Leave);
}

#[test]
fn escape_is_taken_with_the_key_that_came_at_once_and_nothing_is_answered() {
    use KeyCode::{Char, Enter};
    let hosts = ["a.example.com", "b.example.com"].map(str::to_owned);
    let open = |keys: &[KeyCode]| {
        let mut screen = screen(vec![bottle("demo-a", &hosts, "why")]);
        press(&mut screen, keys);
        screen
    };
    let together = |screen: &mut Screen, key| screen.key(KeyEvent::new(key, KeyModifiers::ALT));

    let mut moved = open(&[Enter]);
    assert_eq!(together(&mut moved, Char('j')), Step::Stay);
    assert_eq!((&moved.mode, moved.cursor), (&Mode::List, 1));
    for keys in [
        &[Enter][..],
        &[Enter, Char('r')],
        &[Enter, Char('r'), Char('n')],
        &[Enter, Char('t'), Char('5')],
    ] {
        for key in [Char('o'), Char('b'), Char('e'), Enter] {
            let mut screen = open(keys);
            assert_eq!(together(&mut screen, key), Step::Stay, "{keys:?} {key:?}");
            let typing = matches!(screen.mode, Mode::Minutes(..) | Mode::Reason(..));
            assert!(!typing, "{keys:?} {key:?}");
        }
    }
    assert_eq!(together(&mut open(&[]), Char('j')), Step::Leave);
}

#[test]
fn what_was_answered_leaves_the_list_at_once_and_nothing_else_does() {
    let hosts = ["a.example.com", "b.example.com"].map(str::to_owned);
    let mut screen = screen(vec![bottle("demo-a", &hosts, ""), bottle("demo-b", &hosts, "")]);
    press(
        &mut screen,
        &[KeyCode::Down, KeyCode::Down, KeyCode::Down, KeyCode::Enter],
    );
    let Step::Answer(shown, _) = press(&mut screen, &[KeyCode::Char('o')]) else {
        panic!("no answer")
    };
    screen.close(&shown);
    let left = screen
        .questions()
        .map(|(bottle, question)| (bottle.bottle.as_str(), question.id.0));
    assert_eq!(
        left.collect::<Vec<_>>(),
        [("demo-a", 1), ("demo-a", 2), ("demo-b", 1)]
    );
    assert_eq!(screen.cursor, 2);
}

#[test]
fn a_question_that_was_opened_stays_the_one_that_is_answered() {
    let mut screen = screen(vec![bottle("demo-b", &["a.example.com".to_owned()], "why")]);
    press(&mut screen, &[KeyCode::Enter]);
    // Meanwhile another bottle's question takes its place in the list.
    let other = bottle("demo-a", &["evil.example.com".to_owned()], "why");
    screen.update(vec![other]);
    assert!(drawn(&screen, 80, 24).contains("no longer open"));
    match press(&mut screen, &[KeyCode::Char('b')]) {
        Step::Answer(shown, _) => assert_eq!(shown.bottle.as_str(), "demo-b"),
        other => panic!("{other:?}"),
    }
}
