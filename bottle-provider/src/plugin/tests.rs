use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bottle_document::{Diagnostics, RenderStyle};
use bottle_plan::image::ImageSource;
use bottle_plan::inputs::ProviderChoice;

use super::*;
use crate::{Origin, Registry, RegistryError, image_plan};

/// The plugins of a user who has one, `mine`.
struct Home {
    folder: tempfile::TempDir,
}

const LEAST: &str =
    "command: mine\narguments:\n  headless: [run, \"{prompt}\"]\nimage: debian:bookworm-slim\n";

impl Home {
    fn with(provider: &str) -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(home.plugin()).unwrap();
        home.write(FILE, provider);
        home
    }

    fn contrib(&self) -> PathBuf {
        self.folder.path().join("contrib")
    }

    fn plugin(&self) -> PathBuf {
        self.contrib().join("mine")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.plugin().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        own(self.folder.path());
    }

    fn plugins(&self) -> Plugins {
        Plugins {
            folder: self.contrib(),
            owner: fs::metadata(self.folder.path()).unwrap().uid(),
        }
    }

    fn load(&self) -> Result<Arc<dyn AgentProvider>, Diagnostics> {
        let registry = Registry::default().with_plugins(self.plugins());
        match registry.get_provider(&"mine".parse().unwrap()) {
            Ok(found) => Ok(found.provider),
            Err(RegistryError::Plugin { diagnostics, .. }) => Err(*diagnostics),
            Err(other) => panic!("{other}"),
        }
    }

    fn mistakes(&self) -> String {
        let mistakes = self
            .load()
            .map(|_| ())
            .expect_err("a mistake")
            .render(RenderStyle::plain());
        mistakes.replace(&self.folder.path().display().to_string(), "~/.bot-bottle")
    }
}

/// Takes away from others what the umask of the test may have given them.
fn own(path: &Path) {
    let found = fs::symlink_metadata(path).unwrap();
    if found.is_symlink() {
        return;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(found.mode() & 0o755)).unwrap();
    if found.is_dir() {
        fs::read_dir(path)
            .unwrap()
            .for_each(|entry| own(&entry.unwrap().path()));
    }
}

fn contribute(plugin: &dyn AgentProvider) -> ProviderPlan {
    let choice = ProviderChoice {
        template: plugin.template().parse().unwrap(),
        dockerfile: None,
        auth_token: None,
        forward_host_credentials: false,
        settings: Default::default(),
    };
    let inputs = ProviderInputs {
        choice: &choice,
        has_prefix: &|_, _| None,
        home: Path::new("/home/user"),
        now: 0,
    };
    plugin.provision_plan(&inputs).unwrap()
}

#[test]
fn the_example_is_a_whole_provider() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contrib/examples/gemini");
    let home = Home::with("");
    for file in ["provider.yaml", "settings.json", "Dockerfile"] {
        home.write(file, &fs::read_to_string(example.join(file)).unwrap());
    }
    let plugin = home
        .load()
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(RenderStyle::plain())));
    insta::assert_yaml_snapshot!(contribute(plugin.as_ref()));
    assert_eq!(plugin.headless_prompt("--help"), ["--prompt=--help"]);
    let image = image_plan(None, None, "mine", plugin.runtime().image);
    let ImageSource::Plugin(context) = image.source else {
        panic!("the plugin's own Dockerfile: {image:?}");
    };
    assert_eq!(context.dockerfile, home.plugin().join("Dockerfile"));
}

#[test]
fn the_least_plugin_has_the_layout_of_the_built_ins() {
    let plan = contribute(Home::with(LEAST).load().unwrap().as_ref());
    assert_eq!(plan.command.resume_headless, ["mine", "run", "{prompt}"]);
    assert_eq!(
        (plan.user.name.as_str(), plan.guest_home.as_str()),
        ("node", "/home/node")
    );
    assert!(plan.routes.is_empty() && plan.env.is_empty());
}

#[test]
fn every_word_in_braces_is_filled_in_once() {
    let home = Home::with(&format!(
        "{LEAST}{}",
        "guest_home: /home/me
ca: {certificate: /ca.crt, bundle: /bundle.pem, update: [/bin/cat, /ca.crt]}
prompt: {file: \"{guest_home}/p.md\", arguments: [\"--system={prompt_file}\"]}
env: {HERE: \"{workspace}\", CA: \"{ca_bundle}\"}
files: [{path: \"{guest_home}/c.json\", content: '{\"a\": {}, \"b\": \"{guest_home}\", \"c\": \"{mcp_url}\"}'}]
commands: {before: [{run: [/usr/bin/install, -d, \"{workspace}\"], user: root}], after: [{run: [true]}]}
mcp: [mine, add, \"{mcp_url}\"]
"
    ));
    insta::assert_yaml_snapshot!(contribute(home.load().unwrap().as_ref()));
}

#[test]
fn all_mistakes_come_at_once() {
    let home = Home::with(
        "comand: x
arguments:
  always: [\"{promt}\"]
  headless: [run]
user: {name: root, uid: 0, gid: 70000}
image: \"x\\nRUN evil\"
prompt: {file: /etc/passwd}
env: {1A: x, B: \"{mcp_url}\"}
directories: [{path: \"{guest_home}/../x\", mode: 0999}]
files: [{path: \"{guest_home}/a\"}, {path: \"{guest_home}/b\", from: ../../bottles/x.md}, {path: \"{guest_home}/c\", from: missing}]
commands: {before: [{run: [id], user: root}, {run: []}]}
egress:
  routes:
    - {host: api.example.com, auth: {scheme: Bearer, token_ref: A}}
    - {host: all.example.com}
auth:
  - {host: all.example.com, scheme: Bearer, token_ref: B, placeholder: {variable: B, value: x}}
  - {host: none.example.com, scheme: header, name: x-key, token_ref: C, placeholder: {variable: C, value: x}}
  - {host: all.example.com, scheme: Bearer, token: sk-secret-value}
auth_token: D
mcp: [x]
skills: []
",
    );
    let mistakes = home.mistakes();
    assert!(!mistakes.contains("sk-secret-value"), "{mistakes}");
    insta::assert_snapshot!(mistakes);
}

#[test]
fn plugin_file_cannot_leave_folder() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    for from in [
        "../secret",
        "/etc/passwd",
        "a/../../secret",
        "./../secret",
        ".",
        "link",
        "linked/secret",
        "\"\\0\"",
    ] {
        let home = Home::with(&format!(
            "{LEAST}files: [{{path: \"{{guest_home}}/x\", from: {from}}}]\n"
        ));
        fs::write(home.contrib().join("secret"), "x").unwrap();
        symlink(outside.path(), home.plugin().join("link")).unwrap();
        symlink(home.contrib(), home.plugin().join("linked")).unwrap();
        own(home.folder.path());
        assert!(home.load().is_err(), "{from}");
    }
}

#[test]
fn a_dockerfile_and_what_it_copies_cannot_leave_the_folder_either() {
    let least = LEAST.replace("image: debian:bookworm-slim\n", "");
    for (files, fits) in [("[a.txt]", true), ("[../secret]", false), ("[link]", false)] {
        let home = Home::with(&format!("{least}dockerfile_files: {files}\n"));
        home.write("Dockerfile", "FROM debian:bookworm-slim\n");
        home.write("a.txt", "x");
        symlink("/etc/passwd", home.plugin().join("link")).unwrap();
        assert_eq!(home.load().is_ok(), fits, "{files}");
    }
    let home = Home::with(&least);
    symlink("/etc/passwd", home.plugin().join("Dockerfile")).unwrap();
    assert!(home.load().is_err());
}

#[test]
fn a_linked_plugin_or_file_is_not_read() {
    let home = Home::with(LEAST);
    let real = home.folder.path().join("elsewhere");
    fs::rename(home.plugin(), &real).unwrap();
    symlink(&real, home.plugin()).unwrap();
    assert!(home.load().is_err());
    let home = Home::with(LEAST);
    fs::rename(home.plugin().join(FILE), home.contrib().join("p.yaml")).unwrap();
    symlink(home.contrib().join("p.yaml"), home.plugin().join(FILE)).unwrap();
    assert!(home.load().is_err());
}

#[test]
fn what_others_can_change_is_not_believed() {
    for path in [
        "contrib",
        "contrib/mine",
        "contrib/mine/provider.yaml",
        "contrib/mine/x.json",
    ] {
        let home = Home::with(&format!(
            "{LEAST}files: [{{path: \"{{guest_home}}/x\", from: x.json}}]\n"
        ));
        home.write("x.json", "{}");
        assert!(home.load().is_ok());
        let path = home.folder.path().join(path);
        let mode = fs::metadata(&path).unwrap().mode() | 0o020;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(
            home.mistakes().contains("can be changed by other users"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn what_belongs_to_another_user_is_not_believed() {
    let home = Home::with(LEAST);
    let plugins = Plugins {
        owner: home.plugins().owner + 1,
        ..home.plugins()
    };
    let registry = Registry::default().with_plugins(plugins);
    assert!(matches!(
        registry.get_provider(&"mine".parse().unwrap()),
        Err(RegistryError::Plugin { .. })
    ));
}

#[test]
fn a_plugin_goes_before_a_built_in_and_says_so() {
    let home = Home::with(LEAST);
    let built_in = home.load().unwrap();
    let mine = "mine".parse().unwrap();
    let registry = Registry::default().with(built_in).with_plugins(home.plugins());
    let found = registry.get_provider(&mine).unwrap();
    let folder = home.plugin();
    assert_eq!(
        found.origin,
        Origin::Plugin {
            folder,
            shadows_built_in: true
        }
    );
    home.write(FILE, "command: [\n");
    assert!(
        registry.get_provider(&mine).is_err(),
        "a broken plugin is no reason for the built-in"
    );
    fs::remove_dir_all(home.plugin()).unwrap();
    assert_eq!(registry.get_provider(&mine).unwrap().origin, Origin::BuiltIn);
}

#[test]
fn an_unknown_name_lists_what_there_is() {
    let home = Home::with(LEAST);
    let registry = Registry::default().with_plugins(home.plugins());
    let error = registry
        .get_provider(&"mime".parse().unwrap())
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("did you mean mine? there is: mine"));
}

#[test]
fn no_text_makes_it_panic() {
    let home = Home::with(LEAST);
    proptest::proptest!(proptest::test_runner::Config::with_cases(128), |(text in "[a-z{}:\\[\\]\" \n-]{0,80}|.*")| {
        fs::write(home.plugin().join(FILE), format!("{LEAST}{text}")).unwrap();
        let _ = home.load();
    });
}
