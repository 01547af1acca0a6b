use super::*;

fn change(host: &str) -> Proposal {
    Proposal::Routes(RouteChange {
        add: vec![ProposedRoute {
            host: host.parse().unwrap(),
            matches: Vec::new(),
        }],
        ..RouteChange::default()
    })
}

fn question(identity: &str, id: u64, host: &str, words: &str) -> Question {
    let identity = identity.parse().unwrap();
    let when = (Door::Supervise, 5);
    Question::new(&identity, QuestionId(id), when, change(host), words.to_owned())
}

#[test]
fn the_hash_is_another_one_for_whatever_else_is_shown() {
    let asked = question("demo-a", 1, "a.example.com", "why");
    assert!(asked.is_genuine(&"demo-a".parse().unwrap()));
    assert!(!asked.is_genuine(&"demo-b".parse().unwrap()));
    for other in [
        question("demo-b", 1, "a.example.com", "why"),
        question("demo-a", 2, "a.example.com", "why"),
        question("demo-a", 1, "b.example.com", "why"),
        question("demo-a", 1, "a.example.com", "why!"),
    ] {
        assert_ne!(other.hash, asked.hash);
    }
    let changed = Question {
        words: "other".to_owned(),
        ..asked
    };
    assert!(!changed.is_genuine(&"demo-a".parse().unwrap()));
}

#[test]
fn questions_states_and_decisions_survive_their_json() {
    let asked = question("demo-a", 1, "a.example.com", "");
    let json = serde_json::to_string(&asked).unwrap();
    assert_eq!(serde_json::from_str::<Question>(&json).unwrap(), asked);
    let state = QuestionState::Modified {
        proposal: Box::new(change("b.example.com")),
        until: Some(7),
        notes: String::new(),
    };
    let json = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<QuestionState>(&json).unwrap(), state);
    let unknown = json.replace("\"until\"", "\"till\"");
    assert!(serde_json::from_str::<QuestionState>(&unknown).is_err());
    let foreign = r#"{"kind":"routes","add":[],"ports":[22]}"#;
    assert!(serde_json::from_str::<Proposal>(foreign).is_err());
}
