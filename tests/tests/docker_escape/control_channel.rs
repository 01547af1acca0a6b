//! Reloads, secrets and answers go over a channel that lies where no guest can see it.

use anyhow::Result;
use bottle_tests::harness::Neighbour;

use crate::cell::{AT_ONCE, Cell};

#[test]
fn control_channel_not_in_guest() -> Result<()> {
    // The twin sees the sidecar's processes, and by them its file system.
    let beside = |scene: &bottle_tests::harness::Scene| Neighbour {
        processes_of: Some(scene.sidecar()),
        ..Neighbour::default()
    };
    let Some(cell) = Cell::build_beside_or_skip("control_channel_not_in_guest", beside)? else {
        return Ok(());
    };
    let there = cell.engine()?.exec(
        &cell.twin,
        "0:0",
        &[
            "sh",
            "-c",
            "find /proc/1/root -xdev -type s; ls /proc/1/root/run/bottle",
        ],
    )?;
    assert!(
        there.stdout.contains("control.sock"),
        "this is what must not be seen: {there:?}"
    );
    let search = "find / -name '*control*' -type s 2>/dev/null; ls /run/bottle /events";
    let here = cell.scene.exec_within(AT_ONCE * 4, &["bash", "-c", search])?;
    assert_eq!((here.status, &*here.stdout), (2, ""), "{here:?}");
    let doors = cell.scene.exec_within(AT_ONCE, &["ls", "/doors"])?;
    assert_eq!(doors.stdout, "egress.sock\nrelay\n", "{doors:?}");
    Ok(())
}

/// What is true of the control channel cannot be asked for at the door either.
#[test]
fn the_door_does_not_speak_control() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_door_does_not_speak_control")? else {
        return Ok(());
    };
    for path in ["reload", "status", "drain", "shutdown", "control"] {
        let url = format!("http://_egress.local/{path}");
        let post = [
            "curl",
            "-sS",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-X",
            "POST",
            "--data",
            "{}",
            &url,
        ];
        let answer = cell.scene.exec_within(AT_ONCE, &post)?;
        assert!(answer.stdout.starts_with('4'), "{path}: {answer:?}");
    }
    let allowlist = cell
        .scene
        .exec(&["curl", "-sS", "http://_egress.local/allowlist"])?;
    assert!(allowlist.stdout.contains("upstream.test"), "{allowlist:?}");
    assert!(!allowlist.stdout.contains(&cell.scene.token), "{allowlist:?}");
    Ok(())
}
