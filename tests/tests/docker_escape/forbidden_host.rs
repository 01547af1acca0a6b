//! A request that no rule allows is answered at once, in a form that programs read, and goes nowhere.

use std::net::TcpListener;

use anyhow::{Context, Result};
use bottle_tests::harness::{ALLOWED, Finished, Scene};

use crate::cell::AT_ONCE;

/// The refusal that a program inside sees: status, type and body.
fn refusal(answer: &Finished) -> Result<serde_json::Value> {
    let (body, status) = answer.stdout.rsplit_once('\n').context("no status")?;
    assert_eq!(status, "403 application/json", "{answer:?}");
    Ok(serde_json::from_str(body)?)
}

fn ask(scene: &Scene, url: &str, more: &[&str]) -> Result<Finished> {
    let fixed = ["curl", "-sS", "-w", "\n%{http_code} %{content_type}", url];
    scene.exec_within(AT_ONCE, &[&fixed, more].concat())
}

#[test]
fn a_forbidden_host_is_refused_without_a_dial() -> Result<()> {
    const TEST: &str = "a_forbidden_host_is_refused_without_a_dial";
    // Whoever dials the forbidden host is seen at the trap.
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let gateway = scene.engine()?.gateway()?;
    let trap = TcpListener::bind((gateway, 0))?;
    trap.set_nonblocking(true)?;
    let bottle = scene.stage.bottle_home().join("bottles/one.md");
    let leads_there = format!(
        "resolve: ['forbidden.test:443:{0}', 'forbidden.test:80:{0}', ",
        trap.local_addr()?
    );
    let text = std::fs::read_to_string(&bottle)?.replace("resolve: [", &leads_there);
    std::fs::write(bottle, text)?;
    let _running = scene.start_waiting()?;
    for url in [
        "https://forbidden.test/upload",
        "http://forbidden.test/upload",
        "https://never.example/",
    ] {
        let refused = refusal(&ask(&scene, url, &["--data", "stolen"])?)?;
        let host = url.split('/').nth(2).context("no host")?;
        assert!(refused.to_string().contains(host), "{refused}");
    }
    assert!(trap.accept().is_err(), "somebody dialled");
    Ok(())
}

#[test]
fn a_refusal_shows_no_secret_and_says_what_was_refused() -> Result<()> {
    const TEST: &str = "a_refusal_shows_no_secret_and_says_what_was_refused";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let other_port = scene.exec_within(AT_ONCE, &["curl", "-sS", &format!("https://{ALLOWED}:8443/")])?;
    assert_ne!(other_port.status, 0, "{other_port:?}");
    let answer = ask(
        &scene,
        "https://forbidden.test/secret-path",
        &["--dump-header", "/dev/stderr"],
    )?;
    refusal(&answer)?;
    assert!(
        answer.stderr.to_lowercase().contains("x-bottle-decision:"),
        "{answer:?}"
    );
    assert!(!answer.stdout.contains(&scene.token), "{answer:?}");
    assert!(scene.upstream.requests().all().is_empty());
    Ok(())
}
