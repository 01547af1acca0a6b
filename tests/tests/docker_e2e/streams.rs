//! What passes the egress door: whole, at once, and without filling its memory.

use std::time::Duration;

use anyhow::{Context, Result};
use bottle_tests::harness::{ALLOWED, Neighbour, Scene};
use bottle_tests::upstream::sha256_of_bytes;

use crate::QUICK;

const GIBIBYTE: u64 = 1 << 30;
const TRANSFER: Duration = Duration::from_secs(200);
/// The most memory that all processes of a sidecar may ever have held together, in KiB.
const SIDECAR_MEMORY: u64 = 40 << 10;

#[test]
fn events_arrive_one_by_one() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("events_arrive_one_by_one")? else {
        return Ok(());
    };
    let running = scene.start(&format!("must: curl -sS --no-buffer https://{ALLOWED}/events"))?;
    for event in ["first", "second", "third"] {
        // Each is sent only when the one before has been seen.
        scene.upstream.push_event(event);
        running.wait_for_stdout(Duration::from_secs(300), &format!("data: {event}"))?;
    }
    scene.upstream.end_events();
    assert_eq!(running.wait(QUICK)?.status, 0);
    Ok(())
}

#[test]
fn a_gibibyte_each_way_leaves_the_sidecar_small() -> Result<()> {
    let Some(mut scene) = Scene::set_or_skip("a_gibibyte_each_way_leaves_the_sidecar_small")? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let download = format!("curl -sS --fail https://{ALLOWED}/bytes/{GIBIBYTE} | wc -c");
    let down = scene.exec_within(TRANSFER, &["bash", "-c", &download])?;
    assert_eq!(down.stdout.trim(), GIBIBYTE.to_string(), "{down:?}");
    let upload = format!("head -c {GIBIBYTE} /dev/zero | curl -sS --fail -T - https://{ALLOWED}/upload");
    let up = scene.exec_within(TRANSFER, &["bash", "-c", &upload])?;
    assert_eq!(up.status, 0, "{up:?}");
    let answer: serde_json::Value = serde_json::from_str(&up.stdout)?;
    assert_eq!(answer["bytes"], GIBIBYTE);
    assert_eq!(answer["sha256"], *sha256_of_bytes(GIBIBYTE));
    let peak = peak_memory(&mut scene)?;
    assert!(peak < SIDECAR_MEMORY, "{peak} KiB");
    Ok(())
}

/// The highest resident sizes that the sidecar's processes ever had, added up, in KiB.
fn peak_memory(scene: &mut Scene) -> Result<u64> {
    let label = scene.stage.label("watch");
    let beside = Neighbour {
        processes_of: Some(scene.sidecar()),
        ..Neighbour::default()
    };
    let neighbour = scene.engine()?.start_neighbour(&label, &beside)?;
    let script = "grep -H -E '^(Name|VmHWM):' /proc/[0-9]*/status";
    let status = scene.engine()?.exec(&neighbour, "0:0", &["sh", "-c", script])?;
    let mut total = 0;
    let mut ours = std::collections::BTreeSet::new();
    for line in status.stdout.lines() {
        let (file, field) = line.split_once(':').context("no file")?;
        match field.split_once(':') {
            Some(("Name", name)) if name.trim().starts_with("bottle-") => {
                ours.insert(file);
            }
            Some(("VmHWM", size)) if ours.contains(file) => {
                total += size.trim().trim_end_matches(" kB").trim().parse::<u64>()?;
            }
            _ => {}
        }
    }
    anyhow::ensure!(total > 0, "{status:?}");
    Ok(total)
}

#[test]
fn a_killed_door_comes_back_and_the_agent_goes_on() -> Result<()> {
    let Some(mut scene) = Scene::set_or_skip("a_killed_door_comes_back_and_the_agent_goes_on")? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let request =
        format!("curl -sS --fail --retry 20 --retry-delay 1 --retry-all-errors https://{ALLOWED}/status/200");
    assert_eq!(scene.shell(&request)?.status, 0);
    let label = scene.stage.label("killer");
    let beside = Neighbour {
        processes_of: Some(scene.sidecar()),
        ..Neighbour::default()
    };
    let neighbour = scene.engine()?.start_neighbour(&label, &beside)?;
    // The egress door has a user of its own.
    let kill = "kill -KILL $(grep -l -E '^Uid:[[:space:]]+64010' /proc/[0-9]*/status | cut -d/ -f3)";
    let killed = scene.engine()?.exec(&neighbour, "0:0", &["sh", "-c", kill])?;
    assert_eq!(killed.status, 0, "{killed:?}");
    let again = scene.shell(&request)?;
    assert_eq!(again.status, 0, "{again:?}");
    let requests = scene.upstream.requests().all();
    let credential = format!("Bearer {}", scene.token);
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(
        requests
            .iter()
            .all(|request| request.header("authorization") == Some(&credential))
    );
    let crashed = scene
        .events()?
        .iter()
        .any(|line| line["event"]["what"].get("crashed").is_some());
    assert!(crashed, "the crash is an event");
    Ok(())
}
