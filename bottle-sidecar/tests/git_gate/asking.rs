//! A push that does not pass by itself: the gate asks, a person answers, and exactly that push passes.

use std::path::{Path, PathBuf};

use bottle_wire::boot::{Boot, BootAnswer};
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::supervise::{Decision, GrantTime, Proposal, PushProposal, Question, QuestionState};
use rustix::process::Signal;
use serde_json::json;

use crate::common::agent::Agent;
use crate::common::sidecar::Sidecar;
use crate::common::{Relay, children, signal_process};
use crate::door::{clone, decisions, frame};
use crate::world::{Transport, World, key};

pub(crate) const BRANCH: &str = "bottle/demo-0a1b2/x";

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) sidecar: Sidecar,
    relay: Relay,
    pub(crate) work: PathBuf,
}

impl Scene {
    /// A clone behind a sidecar's gate, on the bottle's own branch.
    pub(crate) fn set() -> Self {
        let world = World::with(Path::new("/usr/bin/git"), Transport::Https);
        let (sidecar, relay) = boot_in(Sidecar::start(), &world);
        let work = clone(&world, &relay, "work");
        world.ok(&work, &["switch", "--quiet", "-c", BRANCH]);
        Self {
            world,
            sidecar,
            relay,
            work,
        }
    }

    pub(crate) fn commit(&self, file: &str, text: &str) {
        self.world.commit(&self.work, file, text);
    }

    pub(crate) fn is_refused(&self) -> String {
        self.world.fails(&self.work, &["push", "origin", BRANCH])
    }

    fn passes(&self) {
        self.world.ok(&self.work, &["push", "--quiet", "origin", BRANCH]);
        assert!(self.world.refs().contains(BRANCH));
    }

    pub(crate) fn open(&self) -> Vec<Question> {
        match self.sidecar.ask(&ControlRequest::Inbox) {
            ControlAnswer::Inbox(inbox) => inbox.questions,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn answer(&self, question: &Question, decision: Decision) -> ControlAnswer {
        self.sidecar.ask(&ControlRequest::Answer {
            id: question.id,
            hash: question.hash.clone(),
            decision,
        })
    }
}

fn boot_in(mut sidecar: Sidecar, world: &World) -> (Sidecar, Relay) {
    let boot = Boot {
        supervise: true,
        ..frame(world, |_| {})
    };
    let answer = sidecar.boot(&boot);
    assert!(matches!(answer, BootAnswer::Ready { .. }), "{answer:?}");
    let relay = Relay::start(&sidecar.path("doors/git-gate.sock"));
    (sidecar, relay)
}

pub(crate) fn let_through(reason: &str) -> Decision {
    Decision::Approve {
        time: GrantTime::Once,
        notes: reason.to_owned(),
    }
}

fn push_of(question: &Question) -> &PushProposal {
    match &question.proposal {
        Proposal::Push(push) => push,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_held_push_is_asked_about_and_passes_when_it_is_pushed_again() {
    let scene = Scene::set();
    scene.commit("t.py", &format!("k = '{}' # gitleaks:allow\n", key()));
    let said = scene.is_refused();
    assert!(
        said.contains("question 1; push again once it is approved"),
        "{said}"
    );
    // Pushing again is no second question.
    scene.is_refused();
    let [question] = &scene.open()[..] else {
        panic!("one question")
    };
    let push = push_of(question);
    assert_eq!(push.refs[0].name, format!("refs/heads/{BRANCH}"));
    let finding = &push.findings[0];
    assert_eq!((&*finding.file, finding.line), ("t.py", 1));
    assert_eq!(finding.rule, "aws-access-key-id");
    assert_eq!(finding.text, "k = '*' # gitleaks:allow");
    let shown = serde_json::to_string(question).unwrap();
    assert!(!shown.contains(&key()), "{shown}");
    let silent = scene.answer(question, let_through(" "));
    assert!(
        matches!(&silent, ControlAnswer::Refused { reason } if reason.contains("say why")),
        "{silent:?}"
    );
    scene.is_refused();
    let answered = scene.answer(question, let_through("a key of a test"));
    assert!(
        matches!(answered, ControlAnswer::Answered(QuestionState::Approved { .. })),
        "{answered:?}"
    );
    scene.passes();
    let decided = decisions(&scene.sidecar);
    assert_eq!(
        decided.last().map(String::as_str),
        Some("Push Allowed approved"),
        "{decided:?}"
    );
    // It was for that push: the next one of the same kind is asked about.
    scene.commit("t.py", &format!("k = '{}' # gitleaks:allow again\n", key()));
    let said = scene.is_refused();
    assert!(said.contains("question 2;"), "{said}");
}

#[test]
fn an_approval_is_for_exactly_the_objects_that_were_asked_about() {
    let scene = Scene::set();
    scene.commit(".github/workflows/a.yml", "on: push\n");
    scene.is_refused();
    let question = scene.open().remove(0);
    assert_eq!(push_of(&question).ci_files, [".github/workflows/a.yml"]);
    scene.answer(&question, let_through("read it"));
    scene.commit(".github/workflows/a.yml", "on: [push, pull_request]\n");
    let said = scene.is_refused();
    assert!(said.contains("question 2;"), "{said}");
    let before = scene.world.refs();
    // A secret that no comment marks is no question at all, whatever else was approved.
    scene.commit("keys", &key());
    let said = scene.is_refused();
    assert!(!said.contains("question"), "{said}");
    assert_eq!(scene.world.refs(), before);
    scene
        .world
        .ok(&scene.work, &["reset", "--quiet", "--hard", "HEAD~2"]);
    scene.passes();
}

#[test]
fn a_rejected_push_hears_why_at_the_gate_and_through_the_agents_own_door() {
    let scene = Scene::set();
    scene.commit("Jenkinsfile", "x\n");
    scene.is_refused();
    let question = scene.open().remove(0);
    let reason = "not in this repository".to_owned();
    scene.answer(&question, Decision::Reject { reason });
    for _ in 0..4 {
        let said = scene.is_refused();
        assert!(
            said.contains("refused: rejected in not in this repository"),
            "{said}"
        );
    }
    assert!(scene.open().is_empty());
    let agent = Agent::new(scene.sidecar.path("doors/supervise.sock"), "2025-06-18");
    let (said, _) = agent.call("check_request", &json!({"id": 1}));
    assert_eq!(
        said,
        "rejected, id 1: a person said no; they say: not in this repository"
    );
}

#[test]
fn a_held_push_is_still_asked_about_after_the_sidecar_was_killed() {
    let scene = Scene::set();
    scene.commit("Jenkinsfile", "x\n");
    scene.is_refused();
    let asked = scene.open();
    let Scene {
        world,
        sidecar,
        relay,
        work,
    } = scene;
    let Sidecar { root, mut process } = sidecar;
    for door in children(process.pid()) {
        signal_process(door, Signal::KILL);
    }
    process.signal(Signal::KILL);
    process.wait();
    drop(relay);
    let (sidecar, relay) = boot_in(Sidecar::start_in(root), &world);
    let url = format!("http://127.0.0.1:{}/app.git", relay.port);
    world.ok(&work, &["remote", "set-url", "origin", &url]);
    let scene = Scene {
        world,
        sidecar,
        relay,
        work,
    };
    assert_eq!(scene.open(), asked);
    scene.answer(&asked[0], let_through("read it"));
    scene.passes();
}
