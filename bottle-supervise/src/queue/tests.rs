use super::*;
use crate::limits::{MUTE_TIME, ONCE_TIME};
use bottle_wire::git_gate::RefChange;
use bottle_wire::supervise::{ContentHash, Decision, GrantTime, ProposedRoute, PushProposal, RouteChange};

fn queue() -> Queue {
    Queue::new("demo-a".parse().unwrap(), Saved::default())
}

fn proposal(host: &str) -> Proposal {
    Proposal::Routes(RouteChange {
        add: vec![ProposedRoute {
            host: host.parse().unwrap(),
            matches: Vec::new(),
        }],
        ..RouteChange::default()
    })
}

fn put(queue: &mut Queue, host: &str, now: u64) -> Result<QuestionId, AskError> {
    let put = queue.put(Door::Supervise, proposal(host), "why".to_owned(), now)?;
    Ok(put.asked.id)
}

fn approve(time: GrantTime) -> Decision {
    Decision::Approve {
        time,
        notes: String::new(),
    }
}

fn reject() -> Decision {
    Decision::Reject {
        reason: "no".to_owned(),
    }
}

fn hash_of(queue: &Queue, id: QuestionId) -> ContentHash {
    queue.find(id).unwrap().question.hash.clone()
}

fn answer(queue: &mut Queue, id: QuestionId, decision: Decision, now: u64) -> Result<Next, AnswerError> {
    let hash = hash_of(queue, id);
    queue.answer(id, &hash, decision, now).map(|(next, _)| next)
}

fn granted(queue: &mut Queue, host: &str, time: GrantTime, now: u64) -> QuestionId {
    let id = put(queue, host, now).unwrap();
    assert!(matches!(
        answer(queue, id, approve(time), now),
        Ok(Next::Apply(_))
    ));
    assert!(queue.applied(id, now).is_some());
    id
}

#[test]
fn approved_is_heard_only_once_it_is_in_force() {
    let mut queue = queue();
    let id = put(&mut queue, "a.example.com", 0).unwrap();
    answer(&mut queue, id, approve(GrantTime::Minutes(5)), 10).unwrap();
    assert_eq!(queue.state(id), Some(&QuestionState::Pending));
    let event = queue.applied(id, 20).unwrap();
    let until = Some(300_020);
    assert_eq!(event, What::Applied { id, until });
    assert!(matches!(
        queue.state(id),
        Some(QuestionState::Approved {
            until: Some(300_020),
            ..
        })
    ));
    assert_eq!(queue.grants().count(), 1);
    assert_eq!(queue.expire(300_019), []);
    assert_eq!(queue.expire(300_020), [What::Expired { id }]);
    assert_eq!(queue.grants().count(), 0);
    assert_eq!(queue.state(id), Some(&QuestionState::Ended));
}

#[test]
fn what_cannot_be_put_in_force_holds_nothing() {
    let mut queue = queue();
    let id = put(&mut queue, "a.example.com", 0).unwrap();
    answer(&mut queue, id, approve(GrantTime::Bottle), 10).unwrap();
    assert!(queue.not_applied(id, "no room").is_some());
    assert_eq!(queue.grants().count(), 0);
    assert!(matches!(queue.state(id), Some(QuestionState::Failed { .. })));
}

#[test]
fn the_first_answer_is_the_only_one() {
    let mut queue = queue();
    let id = put(&mut queue, "a.example.com", 0).unwrap();
    let hash = hash_of(&queue, id);
    let (_, event) = queue.answer(id, &hash, reject(), 1).unwrap();
    assert!(event.is_some());
    let (next, event) = queue.answer(id, &hash, reject(), 2).unwrap();
    assert!(matches!(next, Next::Stands(QuestionState::Rejected { .. })) && event.is_none());
    let other = queue.answer(id, &hash, approve(GrantTime::Bottle), 3);
    assert!(matches!(other, Err(AnswerError::Closed { .. })));
}

#[test]
fn an_answer_to_a_changed_or_foreign_question_does_not_count() {
    let mut queue = queue();
    let id = put(&mut queue, "a.example.com", 0).unwrap();
    let mut foreign = Queue::new("demo-b".parse().unwrap(), Saved::default());
    let other = put(&mut foreign, "a.example.com", 0).unwrap();
    assert_eq!(id, other);
    let hash = hash_of(&foreign, other);
    let refused = queue.answer(id, &hash, approve(GrantTime::Bottle), 1);
    assert_eq!(refused, Err(AnswerError::Changed(id)));
    let unknown = QuestionId(9);
    let refused = queue.answer(unknown, &hash, approve(GrantTime::Bottle), 1);
    assert_eq!(refused, Err(AnswerError::Unknown(unknown)));
    assert_eq!(queue.state(id), Some(&QuestionState::Pending));
}

#[test]
fn the_same_question_is_put_once() {
    let mut queue = queue();
    let id = put(&mut queue, "a.example.com", 0).unwrap();
    assert_eq!(put(&mut queue, "a.example.com", 5), Ok(id));
    answer(&mut queue, id, approve(GrantTime::Minutes(1)), 5).unwrap();
    queue.applied(id, 5);
    assert_eq!(put(&mut queue, "a.example.com", 6), Ok(id));
    queue.expire(60_005);
    assert_ne!(put(&mut queue, "a.example.com", 60_006), Ok(id));
}

#[test]
fn rejections_mute() {
    let mut queue = queue();
    for host in ["a.example.com", "b.example.com", "c.example.com"] {
        let id = put(&mut queue, host, 0).unwrap();
        answer(&mut queue, id, reject(), 0).unwrap();
    }
    let muted = put(&mut queue, "d.example.com", 1000);
    assert_eq!(muted, Err(AskError::Muted { seconds: 599 }));
    assert!(queue.inbox(Vec::new(), 1000).muted_until.is_some());
    assert!(put(&mut queue, "d.example.com", MUTE_TIME).is_ok());
}

#[test]
fn an_approval_between_rejections_does_not_mute() {
    let mut queue = queue();
    for (place, decision) in [reject(), reject(), approve(GrantTime::Bottle), reject(), reject()]
        .into_iter()
        .enumerate()
    {
        let id = put(&mut queue, &format!("h{place}.example.com"), 0).unwrap();
        answer(&mut queue, id, decision, 0).unwrap();
    }
    assert!(put(&mut queue, "last.example.com", 0).is_ok());
}

#[test]
fn a_flood_is_bounded_and_counted() {
    let mut queue = queue();
    for n in 0..QUESTIONS + 1000 {
        let _ = put(&mut queue, &format!("h{n}.example.com"), 0);
        queue.note(format!("line {n}"), 0).unwrap();
    }
    let inbox = queue.inbox(Vec::new(), 0);
    assert_eq!((inbox.questions.len(), inbox.refused), (QUESTIONS, 1000));
    assert_eq!(inbox.notes.len(), NOTES);
    assert_eq!(inbox.notes_dropped as usize, QUESTIONS + 1000 - NOTES);
    let long = queue.put(Door::Supervise, proposal("z.example.com"), "x".repeat(2001), 0);
    assert!(matches!(long, Err(AskError::Impossible(_))));
}

#[test]
fn what_is_over_is_forgotten_in_the_end_and_what_holds_is_not() {
    let mut queue = queue();
    let kept = granted(&mut queue, "kept.example.com", GrantTime::Bottle, 0);
    for n in 0..500 {
        granted(
            &mut queue,
            &format!("h{n}.example.com"),
            GrantTime::Minutes(1),
            n * 120_000,
        );
        queue.expire(n * 120_000 + 60_000);
    }
    assert_eq!(queue.saved.entries.len(), ANSWERED + 1);
    assert!(queue.grants().any(|(id, _)| id == kept));
}

#[test]
fn nobody_answering_is_said_in_time() {
    let mut queue = queue();
    let id = put(&mut queue, "a.example.com", 7).unwrap();
    assert_eq!(queue.deadline(), Some(7 + OPEN_TIME));
    assert_eq!(queue.expire(7 + OPEN_TIME), [What::Expired { id }]);
    assert_eq!(queue.state(id), Some(&QuestionState::Unanswered));
    let late = answer(&mut queue, id, approve(GrantTime::Bottle), 8 + OPEN_TIME);
    assert!(matches!(late, Err(AnswerError::Closed { .. })));
}

#[test]
fn once_ends_with_the_first_use_or_soon() {
    let mut queue = queue();
    granted(&mut queue, "a.example.com", GrantTime::Once, 0);
    assert!(!queue.used("b.example.com", 5));
    assert_eq!(queue.deadline(), Some(ONCE_TIME));
    assert!(queue.used("a.example.com", 5));
    assert_eq!(queue.expire(5).len(), 1);
}

#[test]
fn a_door_sees_its_own_questions_only() {
    let mut queue = queue();
    let id = put(&mut queue, "a.example.com", 0).unwrap();
    assert!(queue.check(Door::Supervise, id).is_ok());
    assert_eq!(queue.check(Door::GitGate, id), Err(AskError::Unknown { id }));
}

fn push(new: &str) -> Proposal {
    Proposal::Push(PushProposal {
        repo: "app".to_owned(),
        refs: vec![RefChange {
            name: "refs/heads/a".to_owned(),
            old: "0".repeat(40),
            new: new.repeat(40),
        }],
        ci_files: vec!["Jenkinsfile".to_owned()],
        findings: Vec::new(),
    })
}

fn pushed(queue: &mut Queue, new: &str, now: u64) -> Asked {
    let put = queue.put(Door::GitGate, push(new), String::new(), now);
    put.unwrap().asked
}

fn let_through(time: GrantTime) -> Decision {
    Decision::Approve {
        time,
        notes: "read it".to_owned(),
    }
}

#[test]
fn an_approved_push_passes_when_it_is_pushed_again_and_nothing_else_does() {
    let mut queue = queue();
    let Asked { id, state } = pushed(&mut queue, "1", 0);
    assert_eq!(state, QuestionState::Pending);
    let next = answer(&mut queue, id, let_through(GrantTime::Once), 5).unwrap();
    assert!(matches!(next, Next::Stands(QuestionState::Approved { .. })));
    let again = pushed(&mut queue, "1", 6);
    assert_eq!(again.id, id);
    assert!(matches!(again.state, QuestionState::Approved { .. }));
    let other = pushed(&mut queue, "2", 6);
    assert!(other.id != id && other.state.is_pending());
    // A gate is told about routes by nobody, and opens none.
    assert_eq!(queue.grants().count(), 0);
    assert!(queue.pushed(id, 7));
    assert_eq!(queue.expire(7), [What::Expired { id }]);
    assert!(pushed(&mut queue, "1", 8).state.is_pending());
}

#[test]
fn a_push_is_let_through_for_a_reason_only_and_as_it_is() {
    let mut queue = queue();
    let id = pushed(&mut queue, "1", 0).id;
    let silent = answer(&mut queue, id, approve(GrantTime::Once), 1);
    assert_eq!(silent, Err(AnswerError::NoReason));
    let other = Decision::Modify {
        proposal: Box::new(push("2")),
        time: GrantTime::Bottle,
        notes: "why".to_owned(),
    };
    assert_eq!(answer(&mut queue, id, other.clone(), 1), Err(AnswerError::Kind));
    let host = put(&mut queue, "a.example.com", 1).unwrap();
    assert_eq!(answer(&mut queue, host, other, 1), Err(AnswerError::Kind));
    assert!(pushed(&mut queue, "1", 2).state.is_pending());
}

#[test]
fn a_rejected_push_hears_so_again_and_is_no_new_question() {
    let mut queue = queue();
    let id = pushed(&mut queue, "1", 0).id;
    answer(&mut queue, id, reject(), 1).unwrap();
    for now in 2..9 {
        let reason = "no".to_owned();
        let state = QuestionState::Rejected { reason };
        assert_eq!(pushed(&mut queue, "1", now), Asked { id, state });
    }
    assert!(
        queue.check(Door::Supervise, id).is_ok(),
        "the agent hears of it as well"
    );
}

#[test]
fn a_saved_queue_goes_on_and_a_forged_question_does_not() {
    let mut queue = queue();
    let open = put(&mut queue, "a.example.com", 0).unwrap();
    let being_applied = put(&mut queue, "b.example.com", 0).unwrap();
    answer(&mut queue, being_applied, approve(GrantTime::Bottle), 1).unwrap();
    let json = serde_json::to_string(queue.saved()).unwrap();
    let restored = Queue::new("demo-a".parse().unwrap(), serde_json::from_str(&json).unwrap());
    assert_eq!(restored.inbox(Vec::new(), 2).questions[0].id, open);
    assert_eq!(restored.unapplied(), [being_applied]);
    assert_eq!(restored.grants().count(), 1);
    let forged = json.replace("a.example.com", "x.example.com");
    let forged = Queue::new("demo-a".parse().unwrap(), serde_json::from_str(&forged).unwrap());
    assert_eq!(forged.inbox(Vec::new(), 2).questions.len(), 0);
}
