//! Names that lead inwards, and addresses that pose as names.

use anyhow::Result;
use bottle_tests::harness::Scene;

use crate::cell::AT_ONCE;

/// One request by hand: programs rewrite such hosts before they ask.
fn status_of(scene: &Scene, target: &str, host: &str) -> Result<String> {
    let line = format!("GET {target} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n");
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/9099; printf '{line}' >&3; head -n 1 <&3 | tr -d '\\r'");
    let answer = scene.exec_within(AT_ONCE, &["bash", "-c", &script])?;
    Ok(answer.stdout.trim().to_owned())
}

#[test]
fn rebinding_and_numeric_hosts_refused() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("rebinding_and_numeric_hosts_refused")? else {
        return Ok(());
    };
    // An allowed name that leads to the sidecar itself, and one that leads to its neighbours: what a rebinding
    // resolver answers.
    let inward = "agent_provider: {template: demo}
supervise: false
egress: {routes: [{host: localhost, ports: [80, 443]}, {host: sidecar, ports: [80, 443]}]}
";
    scene.stage.write_bottle("one", inward)?;
    let _running = scene.start_waiting()?;
    for host in ["localhost", "sidecar"] {
        let status = status_of(&scene, &format!("http://{host}/"), host)?;
        assert!(status.contains(" 403 "), "{host}: {status}");
    }
    let numeric = [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ];
    for host in [
        &numeric[..],
        &["172.17.0.1", "169.254.169.254", "0", "localhost.", "127.0.0.1."],
    ]
    .concat()
    {
        let status = status_of(&scene, &format!("http://{host}/"), host)?;
        assert!(
            status.contains(" 403 ") || status.contains(" 400 "),
            "{host}: {status}"
        );
    }
    Ok(())
}
