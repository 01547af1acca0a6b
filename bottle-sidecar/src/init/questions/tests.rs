use super::*;
use bottle_plan::egress::RouteOwner;
use bottle_wire::git_gate::{GitOperation, RefChange};
use bottle_wire::supervise::{
    Asked, Decision, GrantTime, ProposedRoute, PushProposal, QuestionState, RouteChange,
};

const HOST: &str = "new.example.com";

fn opened() -> (tempfile::TempDir, Questions) {
    let folder = tempfile::tempdir().unwrap();
    let questions = Questions::open(folder.path(), "demo-a".parse().unwrap()).unwrap();
    (folder, questions)
}

fn route() -> Proposal {
    Proposal::Routes(RouteChange {
        add: vec![ProposedRoute {
            host: HOST.parse().unwrap(),
            matches: Vec::new(),
        }],
        ..RouteChange::default()
    })
}

fn push() -> Proposal {
    Proposal::Push(PushProposal {
        repo: "app".to_owned(),
        refs: vec![RefChange {
            name: "refs/heads/a".to_owned(),
            old: "0".repeat(40),
            new: "1".repeat(40),
        }],
        ci_files: vec!["Jenkinsfile".to_owned()],
        findings: Vec::new(),
    })
}

fn put(questions: &mut Questions, door: Door, proposal: Proposal) -> AskAnswer {
    let request = AskRequest::Put {
        proposal: Box::new(proposal),
        words: String::new(),
    };
    questions.hear(door, request, &EgressPlan::default(), 0).answer
}

fn asked(answer: AskAnswer) -> Asked {
    match answer {
        AskAnswer::Asked(asked) => asked,
        other => panic!("{other:?}"),
    }
}

fn approve(questions: &mut Questions, id: QuestionId) {
    let inbox = questions.queue.inbox(Vec::new(), 0);
    let question = inbox
        .questions
        .into_iter()
        .find(|question| question.id == id)
        .unwrap();
    let decision = Decision::Approve {
        time: GrantTime::Once,
        notes: "read it".to_owned(),
    };
    questions.queue.answer(id, &question.hash, decision, 0).unwrap();
    questions.queue.applied(id, 0);
}

fn request(verdict: Verdict, rule: &str) -> Event {
    let request = RequestEvent {
        host: HOST.to_owned(),
        port: 443,
        method: "GET".to_owned(),
        path: "/".to_owned(),
        verdict,
        rule: rule.to_owned(),
        status: None,
        sent: 0,
        received: 0,
        milliseconds: 0,
        headers: Vec::new(),
    };
    Event {
        time: 5,
        door: Door::Egress,
        what: What::Request(request),
    }
}

fn git(verdict: Verdict, question: Option<QuestionId>) -> Event {
    let git = GitEvent {
        repo: "app".parse().unwrap(),
        operation: GitOperation::Push,
        verdict,
        rule: "approved".to_owned(),
        details: Vec::new(),
        refs: Vec::new(),
        question,
        objects: 0,
        milliseconds: 0,
    };
    Event {
        time: 5,
        door: Door::GitGate,
        what: What::Git(git),
    }
}

fn uses(questions: &mut Questions, event: &Event) -> bool {
    Seen::of(event).is_some_and(|seen| questions.saw(Some(1), seen))
}

#[test]
fn each_door_asks_for_its_own_kind_of_thing_only() {
    let (_folder, mut questions) = opened();
    let refused = AskAnswer::Refused(AskError::Impossible("this door cannot ask for that".to_owned()));
    for (door, proposal) in [
        (Door::Supervise, push()),
        (Door::GitGate, route()),
        (Door::Egress, route()),
        (Door::Egress, push()),
    ] {
        assert_eq!(put(&mut questions, door, proposal), refused, "{door}");
    }
    asked(put(&mut questions, Door::Supervise, route()));
    asked(put(&mut questions, Door::GitGate, push()));
}

#[test]
fn once_is_used_up_by_a_request_that_got_through_and_by_no_failed_connection() {
    let (_folder, mut questions) = opened();
    let id = asked(put(&mut questions, Door::Supervise, route())).id;
    approve(&mut questions, id);
    for rule in ["unresolved", "unreachable", "upstream-tls"] {
        assert!(!uses(&mut questions, &request(Verdict::Failed, rule)), "{rule}");
    }
    assert!(!uses(&mut questions, &request(Verdict::Refused, "not-listed")));
    assert!(uses(&mut questions, &request(Verdict::Failed, "upstream-broke")));
    let (_folder, mut questions) = opened();
    let id = asked(put(&mut questions, Door::Supervise, route())).id;
    approve(&mut questions, id);
    assert!(uses(&mut questions, &request(Verdict::Allowed, HOST)));
}

#[test]
fn an_approved_push_is_used_up_by_passing() {
    let (folder, mut questions) = opened();
    let id = asked(put(&mut questions, Door::GitGate, push())).id;
    approve(&mut questions, id);
    questions.save();
    // Whoever approved is not asked again by a sidecar that was started anew.
    let mut questions = Questions::open(folder.path(), "demo-a".parse().unwrap()).unwrap();
    let again = asked(put(&mut questions, Door::GitGate, push()));
    assert!(again.id == id && matches!(again.state, QuestionState::Approved { .. }));
    assert!(
        !uses(&mut questions, &git(Verdict::Failed, Some(id))),
        "the upstream refused it"
    );
    assert!(
        !uses(&mut questions, &git(Verdict::Allowed, None)),
        "another push"
    );
    assert!(uses(&mut questions, &git(Verdict::Allowed, Some(id))));
    assert_eq!(questions.queue.expire(5), [What::Expired { id }]);
    let next = asked(put(&mut questions, Door::GitGate, push()));
    assert!(next.id != id && next.state.is_pending());
}

#[test]
fn what_was_approved_of_a_push_opens_no_host() {
    let (_folder, mut questions) = opened();
    let id = asked(put(&mut questions, Door::GitGate, push())).id;
    approve(&mut questions, id);
    let own = EgressPlan {
        routes: vec![bottle_plan::egress::Route::to(
            HOST.parse().unwrap(),
            RouteOwner::Manifest,
        )],
        ..EgressPlan::default()
    };
    assert_eq!(questions.table(&own), (own.clone(), Vec::new()));
}
