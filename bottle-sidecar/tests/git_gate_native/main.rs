//! The gate as it is shipped: the static program pushes once what is clean, and refuses once what is not.
#![cfg(test)]

#[expect(dead_code, reason = "the other suite uses all of it")]
#[path = "../git_gate/https.rs"]
mod https;
#[path = "../common/skip.rs"]
mod skip;
#[expect(dead_code, reason = "the other suite uses all of it")]
#[path = "../git_gate/sshd.rs"]
mod sshd;
#[expect(dead_code, reason = "the other suite uses all of it")]
#[path = "../git_gate/world.rs"]
mod world;

use std::path::{Path, PathBuf};

use skip::skip;
use world::{Transport, World, key, within};

/// What `cargo xtask dist` built beside the tests' own program.
pub(crate) fn sidecar() -> PathBuf {
    let dynamic = Path::new(env!("CARGO_BIN_EXE_bottle-sidecar"));
    let target = dynamic.ancestors().nth(2).unwrap();
    target
        .join("dist")
        .join(std::env::consts::ARCH)
        .join("bottle-sidecar")
}

fn judged(test: &str, transport: Transport) {
    if !sidecar().is_file() {
        return skip(&format!(
            "{test}: the static programs are not built (`cargo xtask dist`)"
        ));
    }
    if !Path::new("/usr/sbin/sshd").is_file() {
        return skip(&format!("{test}: there is no sshd (openssh-server)"));
    }
    let world = World::with(Path::new("/usr/bin/git"), transport);
    let work = world.clone();
    world.commit(&work, "clean", "nothing to see\n");
    within(std::time::Duration::from_secs(16), || {
        world.ok(&work, &["push", "--quiet", "origin", "work/x"])
    });
    assert!(world.refs().contains("refs/heads/work/x"));
    world.commit(&work, "keys", key());
    let said = world.refused(&work, &["origin", "work/x"], &["aws-access-key-id in keys:1 at "]);
    assert!(!said.contains(&key()), "{said}");
}

#[test]
fn the_static_gate_judges_pushes_over_ssh() {
    judged("the_static_gate_judges_pushes_over_ssh", Transport::Ssh);
}

#[test]
fn the_static_gate_judges_pushes_over_https() {
    judged("the_static_gate_judges_pushes_over_https", Transport::Https);
}
