//! The merging rules, one by one, and what holds for all of them.

use bottle_document::{Diagnostics, PathBase, RenderStyle, Source};
use proptest::prelude::*;

use crate::draft::BottleDraft;
use crate::read::read_bottle;

fn draft(name: &str, text: &str) -> BottleDraft {
    let paths = PathBase {
        folder: "/bottles".into(),
        home: "/home/ada".into(),
    };
    let mut diagnostics = Diagnostics::default();
    let source = Source::new(name, format!("---\n{text}\n---\n"));
    let file = read_bottle(&source, &paths, &mut diagnostics);
    assert!(
        !diagnostics.has_errors(),
        "{}",
        diagnostics.render(RenderStyle::plain())
    );
    file.expect("a bottle").draft
}

/// The values alone, in one line, so that a table can show them.
fn show(draft: &BottleDraft) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(
        draft
            .env
            .iter()
            .map(|(name, value)| format!("{name}={:?}", value.value)),
    );
    let provider = &draft.provider;
    parts.extend(
        provider
            .template
            .iter()
            .map(|template| format!("template={}", template.value)),
    );
    parts.extend(
        provider
            .auth_token
            .iter()
            .map(|token| format!("auth_token={}", token.value)),
    );
    parts.extend(
        provider
            .forward_host_credentials
            .iter()
            .map(|forward| format!("forward={}", forward.value)),
    );
    parts.extend(
        provider
            .settings
            .iter()
            .map(|settings| format!("settings={:?}", settings.value.keys())),
    );
    if let Some(egress) = &draft.egress {
        let hosts: Vec<String> = egress
            .routes
            .iter()
            .map(|route| route.route.host.to_string())
            .collect();
        parts.push(format!(
            "egress={:?}{hosts:?}",
            egress.log.as_ref().map(|log| log.value)
        ));
    }
    parts.extend(draft.user.name.iter().map(|name| format!("name={}", name.value)));
    parts.extend(
        draft
            .user
            .email
            .iter()
            .map(|email| format!("email={}", email.value)),
    );
    if let Some(repos) = &draft.repos {
        let repos: Vec<String> = repos
            .iter()
            .map(|(name, repo)| format!("{name}->{}", repo.value.url))
            .collect();
        parts.push(format!("repos={repos:?}"));
    }
    parts.extend(
        draft
            .supervise
            .iter()
            .map(|supervise| format!("supervise={}", supervise.value)),
    );
    parts.extend(
        draft
            .resources
            .memory
            .iter()
            .map(|memory| format!("memory={}", memory.value)),
    );
    parts.extend(
        draft
            .resources
            .pids
            .iter()
            .map(|pids| format!("pids={}", pids.value)),
    );
    parts.join(" ")
}

/// Two bottles; the second is the child of the first, or comes after it.
const MATRIX: &[(&str, &str)] = &[
    ("env: {A: one, B: one}", "env: {B: two, C: two}"),
    ("env: {A: one}", "env: {}"),
    ("env: {A: '?'}", "env: {A: '${HOST}'}"),
    (
        "egress: {log: 1, routes: [{host: a.example}]}",
        "egress: {routes: [{host: b.example}]}",
    ),
    (
        "egress: {log: 1, routes: [{host: a.example}]}",
        "egress: {log: 2}",
    ),
    ("egress: {log: 1, routes: [{host: a.example}]}", "egress: {}"),
    (
        "egress: {log: 1, routes: [{host: a.example}]}",
        "supervise: false",
    ),
    ("supervise: false", "supervise: true"),
    ("supervise: false", "env: {}"),
    (
        "git-gate: {user: {name: Ada, email: a@a}}",
        "git-gate: {user: {email: b@b}}",
    ),
    (
        "git-gate: {repos: {x: {url: 'https://a/x'}, y: {url: 'https://a/y'}}}",
        "git-gate: {repos: {y: {url: 'https://b/y'}}}",
    ),
    (
        "git-gate: {repos: {x: {url: 'https://a/x'}}}",
        "git-gate: {repos: {}}",
    ),
    (
        "git-gate: {repos: {x: {url: 'https://a/x'}}}",
        "git-gate: {user: {name: Ada}}",
    ),
    (
        "agent_provider: {template: claude, auth_token: T, settings: {a: 1}}",
        "agent_provider: {auth_token: U}",
    ),
    (
        "agent_provider: {template: claude, auth_token: T, settings: {a: 1}}",
        "agent_provider: {settings: {b: 1}}",
    ),
    (
        "agent_provider: {template: claude, auth_token: T}",
        "agent_provider: {template: codex}",
    ),
    (
        "agent_provider: {auth_token: T}",
        "agent_provider: {template: claude}",
    ),
    (
        "agent_provider: {auth_token: T}",
        "agent_provider: {template: codex, forward_host_credentials: true}",
    ),
    ("resources: {memory: 1g, pids: 10}", "resources: {pids: 20}"),
];

#[test]
fn merging_matrix() {
    let lines = MATRIX.iter().map(|(first, second)| {
        let (earlier, later) = (draft("first", first), draft("second", second));
        let child = show(&later.clone().over(earlier.clone()));
        let beside = show(&earlier.then(later));
        format!("first:   {first}\nsecond:  {second}\nas child:  {child}\nas later:  {beside}\n")
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_credential_never_follows_to_another_provider() {
    let claude = draft(
        "base",
        "agent_provider: {auth_token: CLAUDE_TOKEN, settings: {a: 1}}",
    );
    let codex = draft("child", "agent_provider: {template: codex}");
    for merged in [codex.clone().over(claude.clone()), claude.then(codex)] {
        assert_eq!(merged.provider.auth_token, None);
        assert_eq!(merged.provider.settings, None);
    }
}

#[test]
fn a_key_never_meets_the_url_of_another() {
    let https =
        "git-gate: {repos: {app: {url: 'https://a.example/app', key: {provider: token, token_ref: T}}}}";
    let first = draft("first", https);
    let second = draft(
        "second",
        "git-gate: {repos: {app: {url: 'https://evil.example/app'}}}",
    );
    let merged = first.then(second).repos.expect("repositories");
    let app = &merged.values().next().expect("one").value;
    assert_eq!(
        (app.url.as_str(), app.key.is_some()),
        ("https://evil.example/app", false)
    );
}

#[test]
fn what_came_by_two_ways_counts_once() {
    let base = draft(
        "base",
        "egress: {routes: [{host: a.example}], resolve: ['a.example:443:192.0.2.1']}",
    );
    let merged = base.clone().then(base.clone());
    assert_eq!(merged, base);
}

/// A bottle of parts that are valid together.
fn any_draft(name: &'static str) -> impl Strategy<Value = BottleDraft> {
    let part = prop::sample::select(vec![
        "env: {A: one}",
        "env: {A: two, B: '?'}",
        "agent_provider: {auth_token: T}",
        "agent_provider: {template: codex}",
        "agent_provider: {template: claude, settings: {a: 1}}",
        "egress: {log: 1}",
        "egress: {transparent: false}",
        "egress: {routes: [{host: a.example}, {host: b.example}]}",
        "git-gate: {user: {name: Ada}}",
        "git-gate: {user: {email: a@a}, repos: {x: {url: 'https://a/x'}}}",
        "git-gate: {repos: {}}",
        "supervise: false",
        "resources: {memory: 1g}",
    ]);
    prop::collection::vec(part, 0..5).prop_map(move |parts| {
        let mut lines: Vec<&str> = Vec::new();
        for part in parts {
            let key = part.split(':').next();
            if lines.iter().all(|line| line.split(':').next() != key) {
                lines.push(part);
            }
        }
        draft(name, &lines.join("\n"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_empty_bottle_changes_nothing(draft in any_draft("a")) {
        let empty = BottleDraft::default;
        prop_assert_eq!(&empty().over(draft.clone()), &draft);
        prop_assert_eq!(&draft.clone().over(empty()), &draft);
        prop_assert_eq!(&draft.clone().then(empty()), &draft);
        prop_assert_eq!(&empty().then(draft.clone()), &draft);
    }

    #[test]
    fn a_bottle_over_itself_is_itself(draft in any_draft("a")) {
        prop_assert_eq!(&draft.clone().over(draft.clone()), &draft);
        prop_assert_eq!(&draft.clone().then(draft.clone()), &draft);
    }

    #[test]
    fn a_child_wins_wherever_it_speaks(child in any_draft("child"), parent in any_draft("parent")) {
        let merged = child.clone().over(parent);
        for (name, value) in &child.env {
            prop_assert_eq!(&merged.env[name], value);
        }
        prop_assert!(child.supervise.is_none() || merged.supervise == child.supervise);
        prop_assert!(child.repos.is_none() || merged.repos == child.repos);
        prop_assert!(child.egress.is_none() || merged.egress == child.egress);
    }
}
