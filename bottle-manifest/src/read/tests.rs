//! Every key of a file, and every mistake in it.

use std::fs;

use bottle_document::{Diagnostics, PathBase, RenderStyle, Source};
use bottle_plan::env::EnvValue;
use proptest::prelude::*;

use super::{read_agent, read_bottle, read_repository_agent};
use crate::draft::BottleDraft;

/// The public half of a key made for this test.
const HOST_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

/// A folder with the files that bottles here name.
fn with_folder<T>(work: impl FnOnce(&PathBase) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for (name, text) in [
        ("Dockerfile", "FROM scratch"),
        ("tool.sh", ""),
        ("id_app", ""),
        ("allow.txt", ""),
    ] {
        fs::write(path(name), text).expect("written");
    }
    std::os::unix::fs::symlink("/etc/hostname", path("outside")).expect("linked");
    let root = folder.path().to_owned();
    work(&PathBase {
        folder: root.clone(),
        home: root,
    })
}

fn read(text: &str) -> (Option<BottleDraft>, Diagnostics) {
    let (draft, diagnostics, _) = read_in_folder(text);
    (draft, diagnostics)
}

/// What people see, with the changing folder named.
fn show(text: &str) -> String {
    let (_, diagnostics, folder) = read_in_folder(text);
    diagnostics
        .render(RenderStyle::plain())
        .replace(&folder, "[folder]")
}

fn read_in_folder(text: &str) -> (Option<BottleDraft>, Diagnostics, String) {
    with_folder(|paths| {
        let mut diagnostics = Diagnostics::default();
        let source = Source::new(
            "bottles/dev.md",
            format!("---\n{}\n---\nAbout it.\n", text.trim_end()),
        );
        let file = read_bottle(&source, paths, &mut diagnostics);
        let draft = file.map(|file| file.draft);
        if let Some(draft) = &draft {
            draft.provider.check(&mut diagnostics);
        }
        (draft, diagnostics, paths.folder.display().to_string())
    })
}

#[track_caller]
fn draft(text: &str) -> BottleDraft {
    let (draft, diagnostics) = read(text);
    assert!(
        diagnostics.is_empty(),
        "{}",
        diagnostics.render(RenderStyle::plain())
    );
    draft.expect("a bottle")
}

#[test]
fn values_of_variables_have_four_forms() {
    let env = draft("env: {A: '?', B: '?Your name', C: '${HOME}', D: plain, E: on, F: 1e3, G: '', H: 'x${HOME}', I: $HOME}").env;
    let values: Vec<String> = env
        .iter()
        .map(|(name, value)| format!("{name} {:?}", value.value))
        .collect();
    insta::assert_snapshot!(values.join("\n"));
}

#[test]
fn every_key_of_a_repository_is_kept() {
    let text = format!("git-gate:
  user: {{name: Ada, email: ada@example.com}}
  repos:
    app:
      url: ssh://git@git.example.com:2222/team/app.git
      host_key: {HOST_KEY}
      key: {{provider: static, path: id_app}}
      branches: ['bottle/*', 'feature/*']
      allow: {{force: true, tags: true}}
      push_options: [ci.skip]
      ci_files: refuse
      scan: {{allowlist: allow.txt, scanners: [gitleaks, betterleaks, gitleaks]}}
    agent: {{url: 'ssh://git@[2001:db8::1]/x', host_key: {HOST_KEY}, key: {{provider: ssh-agent}}}}
    forge: {{url: 'ssh://git@github.com/x/y', host_key: {HOST_KEY}, key: {{provider: github, forge_token_env: GH}}}}
    tea: {{url: 'ssh://git@tea.example/x/y', host_key: {HOST_KEY}, key: {{provider: gitea, forge_token_env: TEA}}}}
    web: {{url: 'https://git.example.com/x', key: {{provider: token, token_ref: WEB}}}}
    open: {{url: 'https://git.example.com:8443/~x/y.git'}}
");
    let (draft, diagnostics, folder) = read_in_folder(&text);
    assert!(
        diagnostics.is_empty(),
        "{}",
        diagnostics.render(RenderStyle::plain())
    );
    let repos = draft.and_then(|draft| draft.repos).expect("repositories");
    let shown: Vec<String> = repos.values().map(|repo| format!("{:?}", repo.value)).collect();
    insta::assert_snapshot!(shown.join("\n").replace(&folder, "[folder]"));
}

#[test]
fn every_key_of_a_provider_is_kept() {
    let text = "agent_provider:
  template: my-plugin
  dockerfile: Dockerfile
  dockerfile_files: [tool.sh]
  settings: {model: big, turns: 3, on: true, quoted: '3', list: [1, two], map: {a: 1.5}}
";
    let provider = draft(text).provider;
    let dockerfile = provider.dockerfile.expect("a Dockerfile").value;
    assert!(dockerfile.dockerfile.is_absolute() && dockerfile.dockerfile.ends_with("Dockerfile"));
    assert_eq!(dockerfile.files, [std::path::PathBuf::from("tool.sh")]);
    insta::assert_debug_snapshot!(provider.settings.expect("settings").value);
}

#[test]
fn sizes_and_counts_read_as_people_write_them() {
    let resources = draft("resources: {cpus: 1.5, memory: 512m, pids: 256, disk: 4G}").resources;
    assert_eq!(resources.millicpus.map(|cpus| cpus.value), Some(1500));
    assert_eq!(resources.memory.map(|size| size.value.bytes()), Some(512 << 20));
    assert_eq!(resources.pids.map(|pids| pids.value), Some(256));
    assert_eq!(resources.disk.map(|size| size.value.bytes()), Some(4 << 30));
}

#[test]
fn half_a_git_user_is_enough() {
    let name = |text: &str| draft(text).user.name.map(|name| name.value);
    assert_eq!(name("git-gate: {user: {name: Ada}}"), Some("Ada".to_owned()));
    assert_eq!(name("git-gate: {user: {email: a@a}}"), None);
    assert_eq!(name("git-gate: {user: {name: '', email: a@a}}"), None);
    assert!(read("git-gate: {user: {name: '', email: ''}}").1.has_errors());
}

#[test]
fn an_empty_bottle_is_a_bottle() {
    assert_eq!(draft(""), BottleDraft::default());
    assert_eq!(draft("# nothing yet"), BottleDraft::default());
}

#[test]
fn addresses_that_git_could_read_as_something_else_are_refused() {
    let refused = [
        "git@git.example.com:team/app.git",
        "http://git.example.com/x",
        "git://git.example.com/x",
        "file:///etc/passwd",
        "ext::sh -c id",
        "/srv/git/x",
        "x",
        "ssh://git.example.com",
        "https://git.example.com/",
        "ssh://-oProxyCommand=id/x",
        "ssh://-x@git.example.com/y",
        "ssh://git:pw@git.example.com/y",
        "https://me:pw@git.example.com/y",
        "https://me@git.example.com/y",
        "ssh://git@git.example.com:0/x",
        "ssh://git@git.example.com:99999/x",
        "ssh://git@2001:db8::1/x",
        "ssh://git@git.example.com/a/../b",
        "ssh://git@git.example.com/-x",
        "https://git.example.com/x?y",
        "https://git.example.com/x y",
        "https://git.example.com/x\\\"y",
        "https://127.1/x",
        "HTTPS://git.example.com/x",
        "ssh://git@git.example.com:+22/x",
    ];
    for url in refused {
        let (_, diagnostics) = read(&format!(
            "git-gate: {{repos: {{x: {{url: \"{url}\", host_key: {HOST_KEY}}}}}}}"
        ));
        assert!(diagnostics.has_errors(), "{url}");
        assert!(
            !diagnostics.render(RenderStyle::plain()).contains(":pw@"),
            "{url}"
        );
    }
}

#[test]
fn literal_values_are_never_shown() {
    let (_, diagnostics) = read(
        "env: {TOKEN: hunter2, BAD: \"hunter3\\n\", 1X: hunter4, L: [hunter5], L: hunter6}\nenvv: hunter7\nenw: {A: hunter8}",
    );
    assert!(diagnostics.has_errors());
    assert!(
        !diagnostics.render(RenderStyle::plain()).contains("hunter"),
        "{}",
        diagnostics.render(RenderStyle::plain())
    );
}

/// Every mistake in a bottle once.
const MISTAKES: &[&str] = &[
    "imagee: x\negres: {}",
    "runtime: runsc\ngit: {}\ngit_user: {}\npath_allowlist: []",
    "extends: [Base, 1, [x]]",
    "extends: {a: b}",
    "env: [A]",
    "env: {1A: x, A-B: y, '': z}",
    "env: {A: \"one\\ntwo\", B: \"\\0\", C: ~, D: [x]}",
    "env: {A: '${}', B: '${A-B}'}",
    "env: {A: x, A: y}\nenvv: {C: z}",
    "agent_provider: claude",
    "agent_provider: {template: Claude, image: x}",
    "agent_provider: {template: ../evil}",
    "agent_provider: {dockerfile: missing/Dockerfile}",
    "agent_provider: {dockerfile: .}",
    "agent_provider: {dockerfile: $HOME/Dockerfile}",
    "agent_provider: {dockerfile: Dockerfile, dockerfile_files: [../x, /etc/passwd, gone, outside]}",
    "agent_provider: {dockerfile_files: [tool.sh]}",
    "agent_provider: {auth_token: sk-ant-oat01-abcdef}",
    "agent_provider: {template: my-plugin, auth_token: T}",
    "agent_provider: {forward_host_credentials: true}",
    "agent_provider: {template: codex, auth_token: T, forward_host_credentials: true}",
    "agent_provider: {forward_host_credentials: yes}",
    "agent_provider: {settings: [a]}",
    "agent_provider: {settings: {a: }}",
    "egress: {routes: [{host: '*.com', role: x}]}",
    "git-gate: {users: {}}",
    "git-gate: {user: {}}",
    "git-gate: {user: {name: \"a\\nb\", email: 'a <b>'}}",
    "git-gate: {repos: {'a/b': {url: 'https://a/x'}, '..': {url: 'https://a/x'}}}",
    "git-gate: {repos: {x: {}}}",
    "git-gate: {repos: {x: {url: 'git@git.example.com:team/app.git'}}}",
    "git-gate: {repos: {x: {url: 'http://git.example.com/x'}}}",
    "git-gate: {repos: {x: {url: 'https://me:secret@git.example.com/x'}}}",
    "git-gate: {repos: {x: {url: 'ssh://git@127.1/x'}}}",
    "git-gate: {repos: {x: {url: 'ssh://git@git.example.com/x'}}}",
    "git-gate: {repos: {x: {url: 'ssh://git@git.example.com/x', host_key: ssh-ed25519 AAAA}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', host_key: x}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', key: {provider: ssh-agent}}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', key: {provider: deploy}}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', key: {provider: token, path: x}}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', branches: [], allow: {push: true}}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', branches: [refs/heads/x, 'a..b', '-x']}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', ci_files: deny, push_options: ['', x]}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', scan: {allowlist: gone.txt}}}}",
    "git-gate: {repos: {x: {url: 'https://a/x', scan: {}}, y: {url: 'https://a/x', scan: {scanners: [trufflehog]}}}}",
    "supervise: on",
    "resources: {cpus: 0, memory: 512, pids: 0, disk: 4 gb, gpus: 1}",
    "resources: {cpus: many, memory: [], pids: some}",
    "env: *shared\nsupervise: !!bool true",
    "env: {A: b",
];

#[test]
fn catalogue_of_mistakes_in_a_bottle() {
    let catalogue: Vec<String> = MISTAKES.iter().map(|text| show(text)).collect();
    insta::assert_snapshot!(catalogue.join("\n"));
}

#[test]
fn every_mistake_has_a_line() {
    for text in MISTAKES {
        let (_, diagnostics) = read(text);
        assert!(diagnostics.has_errors(), "{text}");
        for diagnostic in diagnostics.sorted() {
            assert!(diagnostic.span().is_some(), "{diagnostic:?}");
        }
    }
}

fn agent(text: &str) -> String {
    let mut diagnostics = Diagnostics::default();
    read_agent(&Source::new("agents/helper.md", text), &mut diagnostics);
    diagnostics.render(RenderStyle::plain())
}

#[test]
fn catalogue_of_mistakes_in_an_agent() {
    let texts = [
        "No settings at all.\n",
        "---\nbottle: dev\n",
        "---\nbottle: Dev\nskills: review\nprompt: x\n---\n",
        "---\nskills: [../../.ssh, a/b, review, review]\n---\n",
        "---\ngit-gate: {repos: {}, user: {}}\n---\n",
        "---\ngit_user: {name: Ada}\nenv: {}\n---\n",
    ];
    insta::assert_snapshot!(texts.map(agent).join("\n"));
}

#[test]
fn skill_name_cannot_traverse() {
    for name in [
        "..", ".", "../x", "a/b", "/etc", "a\\\\b", "~", "", "A", "a.b", "\\0", "a\\n", "-x", "é",
    ] {
        let rendered = agent(&format!("---\nskills: [\"{name}\"]\n---\n"));
        assert!(
            rendered.contains("bad-name") || rendered.contains("wrong-type"),
            "{name}: {rendered}"
        );
    }
    assert_eq!(agent("---\nskills: [review, fix-2]\n---\n"), "");
}

#[test]
fn an_agent_file_of_another_program_works_unchanged() {
    let text = "---\nname: reviewer\ndescription: Reviews code.\nmodel: opus\ncolor: blue\nmemory: user\ntools: [Read, Grep]\n---\n\nYou review code.\n\n";
    assert_eq!(agent(text), "");
    let draft = read_agent(&Source::new("a.md", text), &mut Diagnostics::default()).expect("an agent");
    assert_eq!(draft.prompt.value, "You review code.");
    assert_eq!(draft.prompt.span.line(), 10);
}

#[test]
fn repository_agents_decide_nothing() {
    let text = "---\nbottle: prod\nskills: [review]\ngit-gate: {user: {name: Linus}}\nmodel: opus\nextra: 1\n---\nHello.\n";
    let mut diagnostics = Diagnostics::default();
    let draft = read_repository_agent(
        &Source::new("repo/.bot-bottle/agents/x.md", text),
        &mut diagnostics,
    );
    let draft = draft.expect("readable");
    assert!(draft.bottle.is_none() && draft.skills.is_empty() && draft.user.name.is_none());
    insta::assert_snapshot!(diagnostics.render(RenderStyle::plain()));
}

/// A bottle from keys and values that meet by chance.
fn bottle_like() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "extends",
        "env",
        "agent_provider",
        "egress",
        "git-gate",
        "supervise",
        "resources",
        "runtime",
        "x",
    ]);
    let value = prop::sample::select(vec![
        "a",
        "[a, b]",
        "{}",
        "{A: b}",
        "{template: codex, auth_token: T}",
        "{routes: [{host: a.example}]}",
        "true",
        "{user: {name: Ada}}",
        "{repos: {x: {url: 'https://a/x'}}}",
        "{cpus: 1}",
        "~",
        "\"\\0\"",
        "{? [a] : b}",
    ]);
    prop::collection::vec((key, value), 0..6).prop_map(|keys| {
        keys.into_iter()
            .map(|(key, value)| format!("{key}: {value}\n"))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), bottle in bottle_like()) {
        for text in [&text, &bottle, &format!("---\n{text}\n---\n"), &format!("---\n{bottle}---\n")] {
            let source = Source::new("any", text.as_str());
            let paths = PathBase { folder: "/nowhere".into(), home: "/nowhere".into() };
            let mut diagnostics = Diagnostics::default();
            read_bottle(&source, &paths, &mut diagnostics);
            read_agent(&source, &mut diagnostics);
            read_repository_agent(&source, &mut diagnostics);
            diagnostics.render(RenderStyle::plain());
        }
    }

    #[test]
    fn a_literal_comes_back_as_it_was(text in "[a-zA-Z0-9 :#{}\\[\\],&*!|>'\"%@`é-]{1,30}") {
        let quoted = format!("env: {{A: '{}'}}", text.replace('\'', "''"));
        let value = draft(&quoted).env.into_values().next().map(|value| value.value);
        prop_assert_eq!(value, Some(EnvValue::Literal(text)));
    }
}
