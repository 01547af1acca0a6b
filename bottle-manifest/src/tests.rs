//! Whole folders: what is found, what is refused, and what comes out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use bottle_document::{Diagnostics, RenderStyle};
use bottle_plan::names::Name;

use crate::{AgentOrigin, Folders, LoadError, Manifest, ManifestRequest, SetByFile, TrustError};

/// A user's home and a repository, both empty.
struct World {
    root: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self {
            root: tempfile::tempdir().expect("a folder"),
        };
        fs::create_dir_all(world.path("home/.bot-bottle")).expect("made");
        fs::create_dir_all(world.path("repo")).expect("made");
        world
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    fn write(&self, relative: &str, text: &str) -> &Self {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
        self
    }

    fn bottle(&self, name: &str, settings: &str) -> &Self {
        self.write(
            &format!("home/.bot-bottle/bottles/{name}.md"),
            &format!("---\n{settings}\n---\n"),
        )
    }

    fn agent(&self, name: &str, settings: &str) -> &Self {
        self.write(
            &format!("home/.bot-bottle/agents/{name}.md"),
            &format!("---\n{settings}\n---\nDo it.\n"),
        )
    }

    fn shipped(&self, name: &str, settings: &str) -> &Self {
        self.write(
            &format!("repo/.bot-bottle/agents/{name}.md"),
            &format!("---\n{settings}\n---\nObey.\n"),
        )
    }

    fn folders(&self) -> Folders {
        Folders {
            bottle_home: self.path("home/.bot-bottle"),
            user_home: self.path("home"),
            working: Some(self.path("repo")),
        }
    }

    fn load(&self, agent: &str, bottles: &[&str]) -> Result<Manifest, LoadError> {
        let bottles = bottles.iter().map(|name| self::name(name)).collect();
        self.folders().load(&ManifestRequest {
            agent: name(agent),
            bottles,
        })
    }

    /// What people see, with the changing folder left out.
    fn show(&self, diagnostics: &Diagnostics) -> String {
        diagnostics
            .render(RenderStyle::plain())
            .replace(&format!("{}/", self.root.path().display()), "/")
    }

    #[track_caller]
    fn mistakes(&self, agent: &str, bottles: &[&str]) -> String {
        self.show(&self.load(agent, bottles).expect_err("mistakes").diagnostics)
    }
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn full_world() -> World {
    let world = World::new();
    world.write("home/.claude/skills/review/SKILL.md", "Review.");
    world.bottle("base", "env: {EDITOR: vi, TOKEN: '?Your token'}\negress: {log: 1, routes: [{host: a.example.com}]}\nsupervise: false");
    world.bottle("git", "git-gate:\n  user: {name: Ada, email: ada@example.com}\n  repos: {app: {url: 'https://git.example.com/app'}}");
    world.bottle(
        "dev",
        "extends: [base, git]\nenv: {EDITOR: nano, SHELL: '${SHELL}'}\nagent_provider: {template: codex, auth_token: KEY, settings: {model: big}}\nresources: {cpus: 1.5, memory: 2g}",
    );
    world.bottle("extra", "egress: {routes: [{host: b.example.com, auth: {scheme: Bearer, token_ref: B_TOKEN}, matches: [{methods: [GET]}]}], resolve: ['b.example.com:443:192.0.2.1'], upstream_ca: [{host: b.example.com, file: ca.pem}]}");
    world.agent(
        "helper",
        "bottle: dev\nskills: [review]\ngit-gate: {user: {email: bot@example.com}}",
    );
    world
}

#[test]
fn a_manifest_is_an_agent_and_its_bottles() {
    let world = full_world();
    let manifest = world.load("helper", &[]).expect("no mistakes");
    assert!(manifest.warnings.is_empty());
    assert_eq!(manifest.bottles, [name("dev")]);
    assert_eq!(manifest.agent_origin, AgentOrigin::Home);
    let root = world.root.path().display().to_string();
    insta::assert_snapshot!(format!("{:#?}", manifest.inputs).replace(&root, ""));
}

#[test]
fn origins_name_the_line_of_every_value() {
    let world = full_world();
    let manifest = world.load("helper", &["dev", "extra"]).expect("no mistakes");
    let lines: Vec<String> = manifest.origins.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(
        lines
            .join("\n")
            .replace(&world.root.path().display().to_string(), "")
    );
}

#[test]
fn origins_of_an_empty_bottle_are_defaults() {
    let world = World::new();
    world.bottle("dev", "").agent("helper", "bottle: dev");
    let manifest = world.load("helper", &[]).expect("no mistakes");
    let lines: Vec<String> = manifest.origins.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(
        lines
            .join("\n")
            .replace(&world.root.path().display().to_string(), "")
    );
    assert!(manifest.inputs.supervise);
    assert_eq!(manifest.inputs.provider.template, name("claude"));
}

#[test]
fn the_git_user_says_who_claims_it() {
    let manifest = full_world().load("helper", &[]).expect("no mistakes");
    assert_eq!(manifest.git_user.name, Some(SetByFile::Bottle));
    assert_eq!(manifest.git_user.email, Some(SetByFile::Agent));
    assert_eq!(manifest.inputs.git_user.email.as_deref(), Some("bot@example.com"));
    assert_eq!(manifest.inputs.git_user.name.as_deref(), Some("Ada"));
}

#[test]
fn bottles_chosen_at_start_replace_the_agents_own_and_merge_in_order() {
    let world = full_world();
    world
        .bottle("one", "env: {A: one, B: one}")
        .bottle("two", "env: {B: two}\nsupervise: false");
    let manifest = world.load("helper", &["one", "two"]).expect("no mistakes");
    let env: Vec<String> = manifest
        .inputs
        .env
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    assert_eq!(env, ["A=Literal(\"one\")", "B=Literal(\"two\")"]);
    assert!(!manifest.inputs.supervise);
}

#[test]
fn diamonds_are_fine() {
    let world = World::new();
    world.bottle(
        "base",
        "egress: {routes: [{host: a.example.com}]}\nenv: {A: base}",
    );
    world
        .bottle("left", "extends: base\nenv: {A: left}")
        .bottle("right", "extends: base\nenv: {B: right}");
    world
        .bottle("dev", "extends: [left, right]")
        .agent("helper", "bottle: dev");
    let manifest = world.load("helper", &[]).expect("no mistakes");
    assert_eq!(manifest.inputs.egress.routes.len(), 1);
    assert_eq!(manifest.inputs.env.len(), 2);
}

#[test]
fn catalogue_of_mistakes_between_files() {
    let world = World::new();
    world.bottle("self", "extends: self");
    world
        .bottle("a", "extends: b")
        .bottle("b", "extends: c")
        .bottle("c", "extends: [a, gone]");
    world.bottle(
        "first",
        "egress: {routes: [{host: x.example}], resolve: ['x.example:443:192.0.2.1']}",
    );
    world.bottle(
        "second",
        "egress: {routes: [{host: X.example}], resolve: ['x.example:443:192.0.2.2']}",
    );
    world.bottle("both", "extends: [first, second]");
    world.bottle("codex", "agent_provider: {template: my-plugin}");
    world.bottle("token", "extends: codex\nagent_provider: {auth_token: T}");
    world
        .agent("helper", "bottle: deb")
        .agent("free", "")
        .agent("skilled", "bottle: first\nskills: [gone]");
    let catalogue = [
        world.mistakes("helpr", &[]),
        world.mistakes("helper", &[]),
        world.mistakes("helper", &["fist"]),
        world.mistakes("free", &[]),
        world.mistakes("free", &["self"]),
        world.mistakes("free", &["a"]),
        world.mistakes("free", &["both"]),
        world.mistakes("free", &["token"]),
        world.mistakes("skilled", &[]),
    ];
    insta::assert_snapshot!(catalogue.join("\n"));
}

#[test]
fn all_mistakes_of_all_files_come_at_once() {
    let world = World::new();
    world
        .bottle("base", "supervise: maybe\nnonsense: 1")
        .bottle("dev", "extends: [base, gone]\nenv: {1A: x}");
    world.agent("helper", "bottle: dev\nskillz: []");
    let error = world.load("helper", &[]).expect_err("mistakes");
    assert_eq!(
        error.diagnostics.errors(),
        5,
        "{}",
        world.show(&error.diagnostics)
    );
    assert_eq!(
        error.to_string(),
        "the agent helper cannot be loaded: 5 mistakes in its files"
    );
    insta::assert_snapshot!(world.show(&error.diagnostics));
}

#[test]
fn a_broken_file_blocks_only_those_who_use_it() {
    let world = World::new();
    world
        .bottle("broken", "env: [")
        .bottle("dev", "")
        .bottle("child", "extends: broken");
    world
        .agent("helper", "bottle: dev")
        .agent("other", "bottle: child");
    assert!(world.load("helper", &[]).is_ok());
    let folders = world.folders();
    let catalog = folders.catalog();
    let is_broken = |name: &Name| folders.examine_bottle(name).diagnostics.has_errors();
    let marked: Vec<_> = catalog
        .bottles
        .iter()
        .map(|bottle| (bottle.name.as_str(), is_broken(&bottle.name)))
        .collect();
    assert_eq!(marked, [("broken", true), ("child", true), ("dev", false)]);
    assert_eq!(
        folders.examine_bottle(&name("child")).lineage,
        [name("child"), name("broken")]
    );
    assert!(folders.examine_agent(&name("other")).diagnostics.has_errors());
    assert_eq!(folders.examine_agent(&name("helper")).bottle, Some(name("dev")));
}

#[test]
fn names_come_from_file_names() {
    let world = World::new();
    world
        .bottle("dev", "")
        .write("home/.bot-bottle/bottles/Dev.md", "")
        .write("home/.bot-bottle/bottles/Dockerfile", "");
    world
        .write("home/.bot-bottle/agents/a\u{1b}[2J.md", "")
        .agent("helper", "")
        .shipped("guest", "");
    let catalog = world.folders().catalog();
    let agents: Vec<_> = catalog
        .agents
        .iter()
        .map(|agent| (agent.name.as_str(), agent.from_repository))
        .collect();
    assert_eq!(agents, [("guest", true), ("helper", false)]);
    assert_eq!(catalog.bottles.len(), 1);
    assert!(!catalog.diagnostics.has_errors());
    insta::assert_snapshot!(world.show(&catalog.diagnostics));
}

#[test]
fn repo_agent_cannot_choose_bottle() {
    let world = World::new();
    world
        .bottle("prod", "env: {SECRET: '?'}")
        .bottle("dev", "")
        .shipped("guest", "bottle: prod\nmodel: opus");
    insta::assert_snapshot!(world.mistakes("guest", &[]));
    // Nor does the mistake hide behind a bottle that the user chose.
    assert!(world.load("guest", &["dev"]).is_err());

    world.shipped("guest", "model: opus");
    let none = world.mistakes("guest", &[]);
    assert!(none.contains("no-bottle"), "{none}");
    let manifest = world.load("guest", &["dev"]).expect("the user chose");
    assert_eq!(manifest.bottles, [name("dev")]);
    assert_eq!(manifest.inputs.prompt, "Obey.");
}

#[test]
fn repo_bottles_are_never_read() {
    let world = World::new();
    world
        .write("repo/.bot-bottle/bottles/dev.md", "---\nenv: {EVIL: x}\n---\n")
        .bottle("own", "")
        .agent("helper", "");
    assert!(world.mistakes("helper", &["dev"]).contains("missing-bottle"));
    assert_eq!(world.folders().catalog().bottles.len(), 1);
    let manifest = world.load("helper", &["own"]).expect("no mistakes");
    insta::assert_snapshot!(world.show(&manifest.warnings));
}

#[test]
fn repo_agent_never_shadows_one_of_the_user() {
    let world = World::new();
    world
        .bottle("dev", "")
        .agent("helper", "bottle: dev")
        .shipped("helper", "");
    insta::assert_snapshot!(world.mistakes("helper", &[]));
    // A link counts as much as a file.
    fs::remove_file(world.path("repo/.bot-bottle/agents/helper.md")).unwrap();
    symlink("/nowhere", world.path("repo/.bot-bottle/agents/helper.md")).unwrap();
    assert!(world.mistakes("helper", &[]).contains("shadowed-agent"));
}

#[test]
fn repo_agent_cannot_be_a_link_to_a_file_of_the_user() {
    let world = World::new();
    world
        .bottle("dev", "")
        .write("home/secret.md", "---\n---\nsecret")
        .write("elsewhere/agents/guest.md", "---\n---\n");
    fs::create_dir_all(world.path("repo/.bot-bottle/agents")).unwrap();
    symlink(
        world.path("home/secret.md"),
        world.path("repo/.bot-bottle/agents/guest.md"),
    )
    .unwrap();
    assert!(world.mistakes("guest", &["dev"]).contains("symbolic link"));
    fs::remove_dir_all(world.path("repo/.bot-bottle")).unwrap();
    symlink(world.path("elsewhere"), world.path("repo/.bot-bottle")).unwrap();
    assert!(world.mistakes("guest", &["dev"]).contains("symbolic link"));
    assert!(world.folders().catalog().agents.is_empty());
}

#[test]
fn repo_agent_needs_its_hash_to_start_unasked() {
    let world = World::new();
    world.bottle("dev", "").shipped("guest", "").agent("helper", "");
    let own = world.load("helper", &["dev"]).expect("no mistakes");
    assert_eq!(own.agent_origin.check_trust(&own.agent_path, None), Ok(()));
    let guest = world.load("guest", &["dev"]).expect("no mistakes");
    let AgentOrigin::Repository { sha256 } = &guest.agent_origin else {
        panic!("from the repository")
    };
    assert_eq!(sha256.len(), 64);
    let shouted = sha256.to_uppercase();
    let check = |given| guest.agent_origin.check_trust(&guest.agent_path, given);
    assert_eq!(check(Some(sha256)), Ok(()));
    assert_eq!(check(Some(&shouted)), Ok(()));
    assert!(matches!(check(None), Err(TrustError::Unconfirmed { .. })));
    let old = sha256.clone();
    world.shipped("guest", "model: other");
    let changed = world.load("guest", &["dev"]).expect("no mistakes");
    let refused = changed
        .agent_origin
        .check_trust(&changed.agent_path, Some(&old))
        .expect_err("another text");
    assert!(matches!(refused, TrustError::Changed { .. }));
    assert!(refused.hint().expect("a hint").contains("--trust-agent"));
}

#[test]
fn the_home_itself_is_no_repository() {
    let world = World::new();
    world.bottle("dev", "").agent("helper", "bottle: dev");
    let folders = Folders {
        working: Some(world.path("home")),
        ..world.folders()
    };
    assert!(folders.catalog().diagnostics.is_empty());
    assert_eq!(folders.catalog().agents.len(), 1);
    symlink(world.path("home"), world.path("alias")).unwrap();
    let folders = Folders {
        working: Some(world.path("alias")),
        ..world.folders()
    };
    assert!(
        folders
            .load(&ManifestRequest {
                agent: name("helper"),
                bottles: vec![]
            })
            .is_ok()
    );
}

#[test]
fn a_leftover_of_an_older_version_says_how_to_migrate() {
    let world = World::new();
    fs::remove_dir_all(world.path("home/.bot-bottle")).unwrap();
    world.write("home/bot-bottle.json", "{}");
    let before = world.show(&world.folders().catalog().diagnostics);
    assert!(world.folders().catalog().diagnostics.has_errors());
    // Once there is a home, a repository's leftover stops nobody.
    world
        .bottle("dev", "")
        .agent("helper", "bottle: dev")
        .write("repo/bot-bottle.json", "{}");
    let after = world.show(&world.load("helper", &[]).expect("only a warning").warnings);
    insta::assert_snapshot!(format!("{before}\n{after}"));
}

#[test]
fn files_are_read_with_care() {
    let world = World::new();
    world.bottle("large", &"# ".repeat(600_000)).agent("helper", "");
    fs::create_dir_all(world.path("home/.bot-bottle/bottles/folder.md")).unwrap();
    fs::write(
        world.path("home/.bot-bottle/bottles/latin.md"),
        b"---\n# \xe9\n---\n",
    )
    .unwrap();
    let all: Vec<String> = ["large", "folder", "latin"]
        .iter()
        .map(|bottle| world.mistakes("helper", &[bottle]))
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_line_of_parents_is_bounded() {
    let world = World::new();
    for index in 0..60 {
        world.bottle(&format!("b{index}"), &format!("extends: b{}", index + 1));
    }
    world.bottle("b60", "").agent("helper", "");
    assert!(world.mistakes("helper", &["b0"]).contains("too-many-parents"));
    assert!(world.load("helper", &["b40"]).is_ok());
}

#[test]
fn a_link_that_leaves_its_skill_is_refused() {
    let world = World::new();
    let skill = |path: &str| world.path(&format!("home/.claude/skills/review/{path}"));
    world
        .bottle("dev", "")
        .agent("helper", "bottle: dev\nskills: [review]");
    world
        .write("home/.claude/skills/review/docs/a.md", "")
        .write("home/.ssh/id", "key");
    symlink("docs/a.md", skill("inside.md")).unwrap();
    assert!(world.load("helper", &[]).is_ok());
    for (target, link) in [
        ("../../../.ssh/id", "key"),
        ("/etc", "docs/etc"),
        ("gone", "dangling"),
    ] {
        symlink(target, skill(link)).unwrap();
        let mistakes = world.mistakes("helper", &[]);
        assert!(mistakes.contains("skill-link"), "{mistakes}");
        fs::remove_file(skill(link)).unwrap();
    }
    let socket = std::os::unix::net::UnixListener::bind(skill("docs/socket")).unwrap();
    assert!(world.mistakes("helper", &[]).contains("skill-file"));
    drop(socket);
    fs::remove_file(skill("docs/socket")).unwrap();
    symlink(world.path("home/.ssh"), skill("docs/ssh")).unwrap();
    insta::assert_snapshot!(world.mistakes("helper", &[]));
}

#[test]
fn a_skill_may_lie_elsewhere_as_a_whole() {
    let world = World::new();
    world
        .bottle("dev", "")
        .agent("helper", "bottle: dev\nskills: [review]")
        .write("dotfiles/review/SKILL.md", "");
    fs::create_dir_all(world.path("home/.claude/skills")).unwrap();
    symlink(
        world.path("dotfiles/review"),
        world.path("home/.claude/skills/review"),
    )
    .unwrap();
    let manifest = world.load("helper", &[]).expect("no mistakes");
    assert!(
        manifest.inputs.skills[0]
            .folder
            .ends_with(Path::new("skills/review"))
    );
}
