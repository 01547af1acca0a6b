//! A provider that a user has written down, with a program and an image of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use bottle_tests::harness::{Needle, Scene};
use bottle_tests::upstream::Upstream;

use crate::QUICK;
use crate::coder::WITH_BUILD;

const HOST: &str = "model.plugin.test";
const KEY: &str = "key-0123456789abcdef";

const PROVIDER: &str = "command: scripted
dockerfile_files: [scripted]
arguments:
  always: [--yolo]
  headless: ['--prompt={prompt}']
prompt:
  file: '{guest_home}/.scripted/PROMPT'
skills: '{guest_home}/.scripted/skills'
env: {SCRIPTED_MODE: quiet}
directories: [{path: '{guest_home}/.scripted'}]
files:
  - {path: '{guest_home}/.scripted/settings', from: settings}
commands:
  before: [{run: [sh, -c, 'echo prepared > /home/node/.scripted/prepared']}]
egress:
  routes: [{host: model.plugin.test, matches: [{methods: [POST], paths: [{type: exact, value: /echo}]}]}]
auth:
  - host: model.plugin.test
    token_ref: PLUGIN_KEY
    scheme: header
    name: x-plugin-key
    placeholder: {variable: PLUGIN_KEY, value: only-a-placeholder}
";

/// Tells all that it was given, then calls its model and ends with a status of its own.
const PROGRAM: &str = r#"#!/bin/bash
cd ~/.scripted || exit 90
printf 'arguments: %s\n' "$*"
printf 'told: %s\n' "$(cat PROMPT)"
printf 'settings: %s; %s; %s\n' "$(cat settings)" "$(cat prepared)" "$SCRIPTED_MODE"
printf 'skill: %s\n' "$(cat skills/counting/SKILL.md)"
printf 'key: %s\n' "$PLUGIN_KEY"
curl -sS --fail -o answer -H "x-plugin-key: $PLUGIN_KEY" --data hello https://model.plugin.test/echo || exit 91
printf 'elsewhere: %s\n' "$(curl -sS -o answer -w '%{http_code}' --data hello https://model.plugin.test/files)"
exit 7
"#;

fn write_plugin(scene: &Scene) -> Result<()> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contrib/demo/Dockerfile");
    let dockerfile = fs::read_to_string(demo)?.replace(
        "USER node\n",
        "COPY --chmod=0755 scripted /usr/local/bin/scripted\nUSER node\n",
    );
    for (file, text) in [
        ("provider.yaml", PROVIDER),
        ("settings", "of the plugin"),
        ("scripted", PROGRAM),
        ("Dockerfile", &dockerfile),
    ] {
        scene.stage.write(&format!("contrib/scripted/{file}"), text)?;
    }
    let skill = scene.stage.home().join(".claude/skills/counting");
    fs::create_dir_all(&skill)?;
    fs::write(skill.join("SKILL.md"), "how to count")?;
    Ok(())
}

#[test]
fn a_users_own_program_runs_with_all_that_its_file_says() -> Result<()> {
    const TEST: &str = "a_users_own_program_runs_with_all_that_its_file_says";
    let Some(mut scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    write_plugin(&scene)?;
    let model = Upstream::start(SocketAddr::new(scene.engine()?.gateway()?, 0), &[HOST])?;
    let certificate = scene
        .stage
        .write("model-ca.pem", model.authority().certificate_pem())?;
    let bottle = format!(
        "agent_provider: {{template: scripted}}
supervise: false
egress:
  resolve: ['{HOST}:443:{}']
  upstream_ca: [{{host: {HOST}, file: {}}}]
",
        model.address(),
        certificate.display()
    );
    scene.stage.write_bottle("one", &bottle)?;
    scene
        .stage
        .write_agent("tester", "bottle: one\nskills: [counting]\n", "You count.")?;
    scene.stage.set("PLUGIN_KEY", KEY);
    let finished = scene.start("count to three")?.wait(WITH_BUILD)?;
    assert_eq!(finished.status, 7, "{finished:?}");
    for line in [
        "arguments: --yolo --prompt=count to three",
        "told: You count.",
        "settings: of the plugin; prepared; quiet",
        "skill: how to count",
        "key: only-a-placeholder",
        "elsewhere: 403",
    ] {
        assert!(finished.stdout.contains(line), "no {line:?}: {finished:?}");
    }
    let asked = model.requests().all();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked
            .iter()
            .all(|request| request.header("x-plugin-key") == Some(KEY)),
        "{asked:?}"
    );
    let kept = scene.stage.run(&["list", "--json"], QUICK)?;
    let needle = Needle::new(KEY)?;
    for text in [&finished.stdout, &finished.stderr, &kept.stdout] {
        assert!(!needle.is_in(text)?, "{text}");
    }
    Ok(())
}

#[test]
fn a_step_that_fails_in_the_guest_is_shown_and_nothing_is_left() -> Result<()> {
    const TEST: &str = "a_step_that_fails_in_the_guest_is_shown_and_nothing_is_left";
    let Some(mut scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    write_plugin(&scene)?;
    let broken = PROVIDER.replace("echo prepared", "echo the step speaks >&2; exit 9; echo");
    scene.stage.write("contrib/scripted/provider.yaml", &broken)?;
    scene.stage.set("PLUGIN_KEY", KEY);
    scene
        .stage
        .write_bottle("one", "agent_provider: {template: scripted}\nsupervise: false\n")?;
    let finished = scene.start("count to three")?.wait(WITH_BUILD)?;
    assert_eq!(finished.status, 69, "{finished:?}");
    for words in ["the step speaks", "9"] {
        assert!(
            finished.stderr.contains(words),
            "no {words:?} in:\n{}",
            finished.stderr
        );
    }
    scene.assert_gone()
}
