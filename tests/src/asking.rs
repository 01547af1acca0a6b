//! An agent asks for a host, and a person answers in the real inbox: one body for every place where a bottle can run.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::events::Pace;
use crate::harness::{Coder, Running, Scene};
use crate::mock_model::{Settings, ToolCall};

/// The host that the program asks for; nothing answers there, which is not a refusal.
const HOST: &str = "asked.test";
/// Slow enough for the test to look at the bottle before the program has ended.
const SLOW: Duration = Duration::from_secs(7);
/// Longer than the minute that is granted.
const OVER: Duration = Duration::from_secs(75);
/// How long a command may take once everything is built.
const QUICK: Duration = Duration::from_secs(90);

/// Starts a program that is asking by now, and whose model takes its time for the answer.
fn asking(coder: &Coder, delay: Duration) -> Result<Running> {
    let bottle = coder.stage.bottle_home().join("bottles/model.md");
    let text = std::fs::read_to_string(&bottle)?.replace("supervise: false\n", "");
    std::fs::write(bottle, text)?;
    coder.model.set(Settings {
        tool: Some(ToolCall::Named {
            name: "mcp__supervise__request_egress".to_owned(),
            input: json!({"host": HOST, "justification": "to read its documentation"}),
        }),
        text: "one two three four five six seven eight nine ten eleven twelve MOCK-FINAL".to_owned(),
        pace: Pace {
            delay,
            ..Pace::default()
        },
        ..Settings::default()
    });
    let arguments = [coder.arguments(), vec!["--headless", "--prompt", "ask for it"]].concat();
    coder.stage.start(&arguments)
}

/// Whether the model was told this as the result of the tool.
fn model_heard(coder: &Coder, words: &str) -> bool {
    let bodies = coder.model.requests().all();
    bodies.iter().any(|request| {
        let body = request.body.json().unwrap_or(&Value::Null);
        body.to_string().contains(words)
    })
}

/// The rule by which egress decided about a request to the host, as the guest reads it.
fn decision(coder: &Coder) -> Result<String> {
    let line =
        format!("curl -sS --max-time 20 -o /dev/null -D - https://{HOST}/ | grep -i x-bottle-decision");
    let asked = coder
        .stage
        .run(&["exec", &coder.label, "--", "sh", "-c", &line], QUICK)?;
    let rule = asked.stdout.trim().split_once("rule=");
    Ok(rule.context(asked.stdout.clone())?.1.to_owned())
}

/// The program asks; a person lets the host pass for a minute; the next request passes, and one after the minute does
/// not. `start` is how long the bottle may take until the program asks.
pub fn is_let_through_for_a_minute(coder: &Coder, start: Duration) -> Result<()> {
    let running = asking(coder, SLOW)?;
    let mut inbox = coder.stage.start_on_terminal(&["supervise"])?;
    inbox.wait_for(start, &format!("+ {HOST}"))?;
    ensure!(decision(coder)? == "not-listed");
    inbox.type_text("\r")?;
    inbox.wait_for(QUICK, "│ to read its documentation")?;
    inbox.type_text("t1\r")?;
    inbox.wait_for(QUICK, "approved, in force for a time")?;
    // Let through: there are only no addresses.
    ensure!(decision(coder)? == "unresolved");
    let until = std::time::Instant::now() + OVER;
    while decision(coder)? != "not-listed" {
        ensure!(std::time::Instant::now() < until, "it is let through for ever");
    }
    let finished = running.wait(start)?;
    ensure!(finished.status == 0, "{finished:?}");
    let heard = model_heard(coder, "approved, id 1: it is in force for 1 min");
    ensure!(heard, "{:?}", coder.model.requests().all());
    Ok(())
}

/// The program asks; a person says no, with a reason; the program hears it.
pub fn hears_a_rejection(coder: &Coder, start: Duration) -> Result<()> {
    let running = asking(coder, Duration::ZERO)?;
    let mut inbox = coder.stage.start_on_terminal(&["supervise"])?;
    inbox.wait_for(start, &format!("+ {HOST}"))?;
    // Opened, left, and opened again: Esc and a key that are read at once are not Alt and a key that answers.
    inbox.type_text("\r\x1bo\rruse the mirror\r")?;
    inbox.wait_for(QUICK, "rejected")?;
    let finished = running.wait(start)?;
    ensure!(finished.status == 0, "{finished:?}");
    let heard = model_heard(coder, "they say: use the mirror");
    ensure!(heard, "{:?}", coder.model.requests().all());
    Ok(())
}

/// The program asks; a person writes something else in their editor, for as long as the bottle runs. The program hears
/// what, it is in force, and what makes it permanent is printed.
pub fn gets_what_a_person_wrote_in_their_editor(scene: &mut Scene) -> Result<()> {
    let editor = scene.stage.write("editor", EDITOR)?;
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755))?;
    scene.stage.set("EDITOR", &editor.display().to_string());
    let running = scene.start_waiting()?;
    let asking = call(
        scene,
        "request_egress",
        r#"{"host":"asked.test","justification":"a test"}"#,
    )?;
    let mut inbox = scene.stage.start_on_terminal(&["supervise"])?;
    inbox.wait_for(QUICK, &format!("+ {HOST}"))?;
    inbox.type_text("\re")?;
    inbox.wait_for(QUICK, "modified, in force")?;
    let heard = asking.wait(QUICK)?;
    for words in [
        "modified, id 1: something else was approved in its place",
        "- host: written.test",
    ] {
        ensure!(heard.stdout.contains(words), "{words}: {heard:?}");
    }
    let listed = call(scene, "list_egress_routes", "{}")?.wait(QUICK)?;
    ensure!(listed.stdout.contains("written.test"), "{listed:?}");
    ensure!(!listed.stdout.contains(HOST), "{listed:?}");
    inbox.type_text("q")?;
    inbox.wait_for(QUICK, "    - host: written.test")?;
    ensure!(inbox.wait(QUICK)? == 0);
    scene.stage.run(&["stop", &scene.label, "--discard"], QUICK)?;
    drop(running);
    Ok(())
}

/// A command of the user's is run once for each question, and reads it; what the agent wrote is in nothing else of it.
pub fn is_told_to_a_command_of_the_users(scene: &Scene) -> Result<()> {
    let running = scene.start_waiting()?;
    let command = "tr '\\0' ' ' < /proc/$$/cmdline; env; cat; echo";
    let hook = scene
        .stage
        .start(&["supervise", "notify", "--", "sh", "-c", command])?;
    let words = ["WORDS-OF-THE-FIRST", "WORDS-OF-THE-SECOND"];
    let mut asking = Vec::new();
    for (number, words) in words.iter().enumerate() {
        let asked = format!(r#"{{"host":"asked{number}.test","justification":"{words}"}}"#);
        asking.push(call(scene, "request_egress", &asked)?);
        hook.wait_for_stdout(QUICK, words)?;
    }
    hook.signal(rustix::process::Signal::INT)?;
    let heard = hook.wait(QUICK)?;
    ensure!(heard.status == 0, "{heard:?}");
    for words in words {
        ensure!(heard.stdout.matches(words).count() == 1, "{heard:?}");
    }
    let told = heard.stdout.lines().filter(|line| line.contains("WORDS-OF-THE"));
    for line in told {
        let told: Value = serde_json::from_str(line)?;
        let said = |place: &str| told.pointer(place).and_then(Value::as_str);
        ensure!(said("/bottle") == Some(&scene.label), "{told}");
        ensure!(said("/question/door") == Some("supervise"), "{told}");
    }
    scene.stage.run(&["stop", &scene.label, "--discard"], QUICK)?;
    drop((running, asking));
    Ok(())
}

/// An editor that finds what it opens as we rendered it, and writes another host and another time.
const EDITOR: &str = "#!/bin/sh
grep -q '^# What you approve in place of' \"$1\" && grep -q 'host: asked.test' \"$1\" || exit 1
sed -i -e 's/host: asked.test/host: written.test/' -e 's/^minutes: .*/minutes: bottle/' \"$1\"
";

/// Calls a tool of the supervise server as an agent's MCP client does, and lets it wait.
pub fn call(scene: &Scene, tool: &str, arguments: &str) -> Result<Running> {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    );
    let line = format!(
        "curl -sS --max-time 50 -H 'Accept: application/json, text/event-stream' -H 'Content-Type: application/json' \
         --data '{body}' http://supervise:9100/"
    );
    scene
        .stage
        .start(&["exec", &scene.label, "--", "bash", "-c", &line])
}

/// The commands that answer are killed, each a little later than the one before, until one of them was heard: exactly
/// one decision is on record.
pub fn a_command_that_is_killed_while_it_answers_decides_once(scene: &Scene) -> Result<()> {
    let asked = r#"{"host":"asked.test","justification":"a test"}"#;
    let asking = call(scene, "request_egress", asked)?;
    let mut name = String::new();
    while !name.contains('/') {
        let listed = scene.stage.run(&["supervise", "--once"], QUICK)?;
        name = listed.stdout.lines().next().unwrap_or_default().to_owned();
    }
    let mut killed = 0;
    for delay in (0..).map(|step| Duration::from_millis(step * 10)) {
        let answering = scene
            .stage
            .start(&["supervise", "approve", &name, "--minutes", "5"])?;
        std::thread::sleep(delay);
        // It may have ended by itself.
        let _ended = answering.signal(rustix::process::Signal::KILL);
        killed += usize::from(answering.wait(QUICK)?.status != 0);
        if answers(scene)? > 0 {
            break;
        }
        ensure!(delay < QUICK, "no answer was heard");
    }
    ensure!(killed > 0, "none was killed");
    // The same answer again, as of a person who does not know whether the first was heard.
    scene
        .stage
        .run(&["supervise", "approve", &name, "--minutes", "5"], QUICK)?;
    let heard = asking.wait(QUICK)?;
    ensure!(heard.stdout.contains("approved, id 1"), "{heard:?}");
    ensure!(answers(scene)? == 1, "{:?}", scene.events()?);
    let verified = scene.stage.run(&["log", &scene.label, "--verify"], QUICK)?;
    ensure!(verified.status == 0, "{verified:?}");
    Ok(())
}

fn answers(scene: &Scene) -> Result<usize> {
    let events = scene.events()?;
    let answered = |event: &&Value| event.pointer("/event/what/answered").is_some();
    Ok(events.iter().filter(answered).count())
}
