//! The machine's own address: public, and still nobody's to reach from inside.

use std::process::Command;

use anyhow::{Result, ensure};
use bottle_tests::harness::{Neighbour, Reason, Scene, skip};

use crate::QUICK;

/// A global address that is no machine's: one of the blackholes for questions about private addresses (RFC 7534).
const OWN: &str = "192.175.48.42";
const NAME: &str = "own.test";

/// Whether a network of its own can be had, in which the machine can be given any address.
fn can_have_a_network() -> bool {
    let mut command = Command::new("unshare");
    command.args(["--net", "--", "ip", "link", "show", "lo"]);
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn host_own_public_address_refused() -> Result<()> {
    const TEST: &str = "host_own_public_address_refused";
    if !can_have_a_network() {
        return skip(
            TEST,
            Reason::Missing("the right to make a network namespace, unshare and ip"),
        );
    }
    let Some(mut scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let bottle = format!(
        "agent_provider: {{template: demo}}\nsupervise: false\negress: {{routes: [{{host: {NAME}, ports: [80, 443]}}]}}\n"
    );
    scene.stage.write_bottle("one", &bottle)?;
    // The command reads its machine's addresses in a network where this one is its own; the engine is a socket away.
    let script = format!(
        "ip link set lo up && ip address add {OWN}/32 dev lo && exec \"$0\" start tester --yes --label {} --headless \
         --prompt 'run: echo waits; exec sleep 3600'",
        scene.label
    );
    let running = scene
        .stage
        .start_in(&["unshare", "--net", "--", "sh", "-c", &script])?;
    running.wait_for_stdout(crate::coder::WITH_BUILD, "\nwaits")?;
    resolve_in_the_sidecar(&mut scene)?;
    for scheme in ["http", "https"] {
        let answer = scene.exec(&[
            "curl",
            "-sS",
            "-w",
            "\n%{http_code}",
            &format!("{scheme}://{NAME}/"),
        ])?;
        ensure!(answer.stdout.ends_with("\n403"), "{answer:?}");
        ensure!(answer.stdout.contains("this machine's own"), "{answer:?}");
    }
    let stopped = scene.stage.run(&["stop", "--discard", &scene.label], QUICK)?;
    assert_eq!(stopped.status, 0, "{stopped:?}");
    Ok(())
}

/// Makes the name lead there, as whoever owns a name can at any time.
fn resolve_in_the_sidecar(scene: &mut Scene) -> Result<()> {
    let label = scene.stage.label("hosts");
    let beside = Neighbour {
        processes_of: Some(scene.sidecar()),
        ..Neighbour::default()
    };
    let neighbour = scene.engine()?.start_neighbour(&label, &beside)?;
    // The file is read-only in there.
    let script = format!(
        "mount -N /proc/1/ns/mnt -o remount,bind,rw none /etc/hosts && echo '{OWN} {NAME}' >> /proc/1/root/etc/hosts"
    );
    let written = scene.engine()?.exec(&neighbour, "0:0", &["sh", "-c", &script])?;
    ensure!(written.status == 0, "{written:?}");
    Ok(())
}
