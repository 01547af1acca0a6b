use super::*;
use bottle_plan::git::GitAllow;

const A: &str = "1111111111111111111111111111111111111111";
const B: &str = "2222222222222222222222222222222222222222";
const NONE: &str = "0000000000000000000000000000000000000000";
const BRANCH: &str = "refs/heads/bottle/demo-0a1b2/x";

fn policy() -> Policy {
    Policy::own_branches(&"demo-0a1b2".parse().unwrap())
}

fn all_allowed() -> Policy {
    let allow = GitAllow {
        force: true,
        delete: true,
        tags: true,
    };
    Policy { allow, ..policy() }
}

fn one(name: &str, old: &str, new: &str) -> RefFacts {
    let old: ObjectId = old.parse().unwrap();
    RefFacts {
        update: Update {
            name: name.to_owned(),
            old: old.clone(),
            new: new.parse().unwrap(),
        },
        current: (!old.is_null()).then_some(old),
        standing: Standing::Own,
        content: (new != NONE).then_some(Content {
            is_commit: true,
            is_fast_forward: true,
        }),
    }
}

fn push(refs: Vec<RefFacts>) -> Facts {
    Facts {
        repo: "app".to_owned(),
        refs,
        ..Facts::default()
    }
}

fn finding(is_marked: bool) -> Finding {
    Finding {
        rule: "aws-access-key-id".to_owned(),
        file: Some("src/a.txt".to_owned()),
        place: "src/a.txt".to_owned(),
        line: 3,
        commit: Some(A.parse().unwrap()),
        masked: "AKIA********".to_owned(),
        text: "key = AKIA********".to_owned(),
        is_marked,
    }
}

#[track_caller]
fn check(policy: &Policy, facts: &Facts, rules: &[&str]) {
    let found = match decide(policy, facts) {
        Decision::Pass(_) => Vec::new(),
        Decision::Refuse(refusals) => refusals.into_iter().map(|one| one.rule).collect(),
        Decision::Ask { reasons, .. } => reasons.into_iter().map(|one| format!("?{}", one.rule)).collect(),
    };
    assert_eq!(found, rules);
}

#[test]
fn refs_follow_the_table() {
    let rewrite = |mut facts: RefFacts| {
        facts.content = Some(Content {
            is_commit: true,
            is_fast_forward: false,
        });
        facts
    };
    let tag = "refs/tags/v1";
    for (name, facts, rules, when_all_is_allowed) in [
        ("a new branch", one(BRANCH, NONE, A), &[][..], &[][..]),
        ("more commits", one(BRANCH, A, B), &[], &[]),
        (
            "another branch",
            one("refs/heads/main", A, B),
            &["branch"],
            &["branch"],
        ),
        (
            "other case",
            one("refs/heads/Bottle/demo-0a1b2/x", NONE, A),
            &["branch"],
            &["branch"],
        ),
        ("a deletion", one(BRANCH, A, NONE), &["delete"], &[]),
        (
            "deleting nothing",
            one(BRANCH, NONE, NONE),
            &["delete"],
            &["delete"],
        ),
        ("a rewrite", rewrite(one(BRANCH, A, B)), &["force"], &[]),
        ("a tag", one(tag, NONE, A), &["tag"], &[]),
        ("a tag that moves", one(tag, A, B), &["tag", "force"], &[]),
        (
            "a review",
            one("refs/for/main", NONE, A),
            &["ref-namespace"],
            &["ref-namespace"],
        ),
        (
            "a replacement",
            one("refs/replace/1", NONE, A),
            &["ref-namespace"],
            &["ref-namespace"],
        ),
        (
            "a note",
            one("refs/notes/commits", NONE, A),
            &["ref-namespace"],
            &["ref-namespace"],
        ),
        (
            "no namespace",
            one("main", NONE, A),
            &["ref-namespace"],
            &["ref-namespace"],
        ),
        ("HEAD", one("HEAD", A, B), &["ref-namespace"], &["ref-namespace"]),
        (
            "a hidden name",
            one("refs/heads/bottle/demo-0a1b2/x\u{200d}", NONE, A),
            &["ref-name"],
            &["ref-name"],
        ),
        (
            "a symbolic ref",
            RefFacts {
                standing: Standing::ForAnother,
                ..one(BRANCH, A, B)
            },
            &["symbolic-ref"],
            &["symbolic-ref"],
        ),
        (
            "what may be a symbolic ref",
            RefFacts {
                standing: Standing::Unknown,
                ..one(BRANCH, A, B)
            },
            &["symbolic-ref"],
            &["symbolic-ref"],
        ),
        (
            "moved meanwhile",
            RefFacts {
                current: None,
                ..one(BRANCH, A, B)
            },
            &["fetch-first"],
            &["fetch-first"],
        ),
        (
            "not examined",
            RefFacts {
                content: None,
                ..one(BRANCH, A, B)
            },
            &["unread"],
            &["unread"],
        ),
    ] {
        println!("{name}");
        check(&policy(), &push(vec![facts.clone()]), rules);
        check(&all_allowed(), &push(vec![facts]), when_all_is_allowed);
    }
    check(
        &policy(),
        &push(vec![one(BRANCH, NONE, A), one(BRANCH, NONE, B)]),
        &["ref-twice"],
    );
    check(&policy(), &push(Vec::new()), &["no-ref"]);
}

#[test]
fn one_bad_ref_of_five_refuses_all() {
    let name = |n: u8| format!("{BRANCH}{n}");
    let mut refs: Vec<RefFacts> = (0..5).map(|n| one(&name(n), NONE, A)).collect();
    check(&policy(), &push(refs.clone()), &[]);
    refs[2] = one("refs/heads/main", A, B);
    check(&policy(), &push(refs), &["branch"]);
}

#[test]
fn push_options_refused() {
    let facts = Facts {
        options: vec!["ci.skip".to_owned()],
        ..push(vec![one(BRANCH, NONE, A)])
    };
    check(&policy(), &facts, &["push-option"]);
    let listed = Policy {
        push_options: vec!["ci.skip".to_owned()],
        ..policy()
    };
    check(&listed, &facts, &[]);
}

#[test]
fn ci_file_needs_human() {
    let facts = Facts {
        ci_files: vec!["Jenkinsfile".to_owned()],
        ..push(vec![one(BRANCH, NONE, A)])
    };
    check(&policy(), &facts, &["?ci-file"]);
    check(
        &Policy {
            ci_files: CiFiles::Allow,
            ..policy()
        },
        &facts,
        &[],
    );
    check(
        &Policy {
            ci_files: CiFiles::Refuse,
            ..policy()
        },
        &facts,
        &["ci-file"],
    );
    let approved = Facts {
        is_approved: true,
        ..facts
    };
    check(&policy(), &approved, &[]);
    check(
        &Policy {
            ci_files: CiFiles::Refuse,
            ..policy()
        },
        &approved,
        &["ci-file"],
    );
    let many = Facts {
        ci_files: vec!["Jenkinsfile".to_owned(); CI_FILES + 1],
        ..approved
    };
    check(&policy(), &many, &["ci-file"; CI_FILES + 1]);
}

#[test]
fn inline_allow_comment_is_no_pass() {
    let facts = |marked| Facts {
        findings: vec![finding(marked)],
        ..push(vec![one(BRANCH, NONE, A)])
    };
    check(&policy(), &facts(true), &["?aws-access-key-id"]);
    check(
        &policy(),
        &Facts {
            is_approved: true,
            ..facts(true)
        },
        &[],
    );
    check(&policy(), &facts(false), &["aws-access-key-id"]);
    check(
        &policy(),
        &Facts {
            is_approved: true,
            ..facts(false)
        },
        &["aws-access-key-id"],
    );
}

#[test]
fn the_owner_accepts_a_rule_in_a_file() {
    let accepted = |rule: &str, file: &str| bottle_wire::git_gate::AcceptedFinding {
        rule: rule.to_owned(),
        file: file.to_owned(),
    };
    let facts = Facts {
        findings: vec![finding(false)],
        ..push(vec![one(BRANCH, NONE, A)])
    };
    check(
        &Policy {
            accepted: vec![accepted("aws-access-key-id", "src/*")],
            ..policy()
        },
        &facts,
        &[],
    );
    check(
        &Policy {
            accepted: vec![accepted("aws-access-key-id", "tests/*")],
            ..policy()
        },
        &facts,
        &["aws-access-key-id"],
    );
    check(
        &Policy {
            accepted: vec![accepted("other", "src/*")],
            ..policy()
        },
        &facts,
        &["aws-access-key-id"],
    );
}

#[test]
fn a_refusal_names_rule_file_line_and_commit() {
    let facts = Facts {
        findings: vec![finding(false)],
        ..push(vec![one(BRANCH, NONE, A)])
    };
    let Decision::Refuse(refusals) = decide(&policy(), &facts) else {
        panic!()
    };
    assert_eq!(
        refusals[0].to_string(),
        "aws-access-key-id in src/a.txt:3 at 1111111111 (AKIA********)"
    );
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn facts() -> impl Strategy<Value = Facts> {
        let names = prop::sample::select(vec![
            BRANCH,
            "refs/heads/main",
            "refs/tags/v1",
            "refs/notes/x",
            "refs/heads/a..b",
        ]);
        let ids = || prop::sample::select(vec![A, B, NONE]);
        let standings = prop::sample::select(vec![Standing::Own, Standing::ForAnother, Standing::Unknown]);
        let refs = (names, ids(), ids(), standings, any::<bool>(), any::<bool>());
        let refs = refs.prop_map(
            |(name, old, new, standing, is_commit, is_fast_forward)| RefFacts {
                standing,
                content: Some(Content {
                    is_commit,
                    is_fast_forward,
                }),
                ..one(name, old, new)
            },
        );
        let findings = prop::collection::vec(any::<bool>().prop_map(finding), 0..2);
        let ci = prop::collection::vec(Just("Jenkinsfile".to_owned()), 0..2);
        (
            prop::collection::vec(refs, 0..3),
            findings,
            ci,
            any::<bool>(),
            any::<bool>(),
        )
            .prop_map(|(refs, findings, ci_files, is_signed, is_approved)| Facts {
                findings,
                ci_files,
                is_signed,
                is_approved,
                ..push(refs)
            })
    }

    proptest! {
        #[test]
        fn allowing_less_never_lets_more_pass(facts in facts()) {
            if let Decision::Pass(permit) = decide(&policy(), &facts) {
                prop_assert_eq!(permit.updates().len(), facts.refs.len());
                prop_assert!(matches!(decide(&all_allowed(), &facts), Decision::Pass(_)));
                prop_assert!(facts.refs.iter().all(|one| one.update.name == BRANCH && !one.update.new.is_null()));
                prop_assert!(facts.findings.iter().all(|one| one.is_marked && facts.is_approved));
            }
        }

        #[test]
        fn a_policy_without_branches_lets_nothing_pass(facts in facts()) {
            let nothing = Policy { branches: Vec::new(), ..policy() };
            let is_refused = matches!(decide(&nothing, &facts), Decision::Refuse(_));
            prop_assert!(is_refused);
        }

        #[test]
        fn what_is_found_never_helps(facts in facts()) {
            let clean = Facts { findings: Vec::new(), ci_files: Vec::new(), ..facts.clone() };
            if matches!(decide(&policy(), &facts), Decision::Pass(_)) {
                let passes = matches!(decide(&policy(), &clean), Decision::Pass(_));
                prop_assert!(passes);
            }
        }
    }
}
