//! The agent asks, a person answers in the real inbox, and egress does what was answered, for as long as it was.

use std::time::Duration;

use anyhow::Result;
use bottle_tests::asking::call;
use bottle_tests::harness::Scene;

use crate::QUICK;

/// Longer than the minute that is granted.
const OVER: Duration = Duration::from_secs(90);
/// The status of a request to the upstream, as the agent sees it.
const STATUS: &str = "curl -sS -o /dev/null -w '%{http_code}' https://upstream.test/status/200";

/// A scene whose bottle allows nothing, and may ask.
fn set_or_skip(test: &str) -> Result<Option<Scene>> {
    let Some(scene) = Scene::set_or_skip(test)? else {
        return Ok(None);
    };
    let frontmatter = format!(
        "agent_provider: {{template: demo}}\negress:\n  resolve: ['upstream.test:443:{}']\n  \
         upstream_ca: [{{host: upstream.test, file: {}}}]\n",
        scene.upstream.address(),
        scene.stage.bottle_home().join("upstream-ca.pem").display(),
    );
    scene.stage.write_bottle("one", &frontmatter)?;
    Ok(Some(scene))
}

fn status(scene: &Scene) -> Result<String> {
    Ok(scene.shell(STATUS)?.stdout)
}

const ASK: &str = r#"{"host":"upstream.test","justification":"to read the status page"}"#;

#[test]
fn what_is_approved_in_the_inbox_passes_until_its_time_is_over() -> Result<()> {
    let Some(scene) = set_or_skip("what_is_approved_in_the_inbox_passes_until_its_time_is_over")? else {
        return Ok(());
    };
    let running = scene.start_waiting()?;
    assert_eq!(status(&scene)?, "403");
    let asking = call(&scene, "request_egress", ASK)?;
    let mut inbox = scene.stage.start_on_terminal(&["supervise"])?;
    inbox.wait_for(QUICK, "+ upstream.test")?;
    inbox.type_text("\r")?;
    inbox.wait_for(QUICK, "would have allowed")?;
    inbox.wait_for(QUICK, "│ to read the status page")?;
    inbox.type_text("t1\r")?;
    inbox.wait_for(QUICK, "approved, in force for a time")?;
    let heard = asking.wait(QUICK)?;
    assert!(
        heard.stdout.contains("approved, id 1: it is in force for 1 min"),
        "{heard:?}"
    );
    assert_eq!(status(&scene)?, "200");
    inbox.type_text("q")?;
    assert_eq!(inbox.wait(QUICK)?, 0);
    // A stream that is open when the time is over ends with it.
    let stream = "curl -sSN --max-time 85 https://upstream.test/events; echo ended $?";
    let stream = scene
        .stage
        .start(&["exec", &scene.label, "--", "bash", "-c", stream])?;
    let ended = stream.wait(OVER)?;
    assert!(
        ended.stdout.contains("ended ") && !ended.stdout.contains("ended 28"),
        "{ended:?}"
    );
    assert_eq!(status(&scene)?, "403");
    let kinds = ["asked", "answered", "applied", "expired"];
    let events = scene.events()?;
    let found = kinds.map(|kind| {
        events
            .iter()
            .filter(|event| event["event"]["what"].get(kind).is_some())
            .count()
    });
    assert_eq!(found, [1, 1, 1, 1], "{events:?}");
    let verified = scene.stage.run(&["log", &scene.label, "--verify"], QUICK)?;
    assert_eq!(verified.status, 0, "{verified:?}");
    scene.stage.run(&["stop", &scene.label, "--discard"], QUICK)?;
    drop(running);
    Ok(())
}

#[test]
fn a_rejection_without_a_terminal_reaches_the_agent_with_its_reason() -> Result<()> {
    let Some(scene) = set_or_skip("a_rejection_without_a_terminal_reaches_the_agent_with_its_reason")? else {
        return Ok(());
    };
    let running = scene.start_waiting()?;
    let asking = call(&scene, "request_egress", ASK)?;
    let mut listed = scene.stage.run(&["supervise", "--once"], QUICK)?;
    for _ in 0..50 {
        if listed.stdout.contains("upstream.test") {
            break;
        }
        listed = scene.stage.run(&["supervise", "--once"], QUICK)?;
    }
    let id = listed.stdout.lines().next().unwrap_or_default().to_owned();
    let nameless = scene.stage.run(&["supervise", "approve", "1"], QUICK)?;
    assert_eq!(nameless.status, 64, "{nameless:?}");
    let other = format!("{}/1/{}", scene.label, "0".repeat(12));
    let refused = scene.stage.run(&["supervise", "approve", &other], QUICK)?;
    assert_eq!(refused.status, 77, "{refused:?}");
    let rejected = scene
        .stage
        .run(&["supervise", "reject", &id, "--reason", "use the mirror"], QUICK)?;
    assert_eq!(rejected.status, 0, "{rejected:?}");
    let heard = asking.wait(QUICK)?;
    assert!(heard.stdout.contains("they say: use the mirror"), "{heard:?}");
    assert_eq!(status(&scene)?, "403");
    let json = scene.stage.run(&["supervise", "--json"], QUICK)?;
    let inboxes: serde_json::Value = serde_json::from_str(&json.stdout)?;
    assert_eq!(
        inboxes[0]["inbox"]["questions"],
        serde_json::json!([]),
        "{inboxes}"
    );
    scene.stage.run(&["stop", &scene.label, "--discard"], QUICK)?;
    drop(running);
    Ok(())
}
