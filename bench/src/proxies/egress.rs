//! The door of a bottle, alone.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use super::{Kind, Proxy};
use crate::client::Way;
use crate::part::{Part, free_address};
use crate::scenario::HOST;
use crate::scene::Scene;

const TOKEN: &str = "bench-token";

pub(super) fn start(kind: Kind, scene: &Scene) -> Result<Proxy> {
    let program = std::env::current_exe()?.with_file_name("bottle-sidecar");
    ensure!(
        program.is_file(),
        "{} is missing; `cargo build --release --package bottle-sidecar` makes it",
        program.display()
    );
    let folder = scene.subfolder(kind.name())?;
    let [good, forged] = scene.ports();
    let routes = format!("egress:\n  routes:\n    - host: {HOST}\n      ports: [{good}, {forged}]\n");
    fs::write(folder.join("routes.yaml"), routes)?;
    fs::write(folder.join("token"), TOKEN)?;
    let (address, trusted) = (free_address()?, folder.join("ca.pem"));
    let mut command = Command::new(&program);
    command
        .arg("egress")
        .arg("--listen")
        .arg(format!("tcp:{address}"));
    command.arg("--routes").arg(folder.join("routes.yaml"));
    command.arg("--token-file").arg(folder.join("token"));
    command.arg("--ca-cert-out").arg(&trusted);
    command.arg("--upstream-ca").arg(scene.upstream_authority());
    for port in scene.ports() {
        command
            .arg("--resolve")
            .arg(format!("{HOST}:{port}:127.0.0.1:{port}"));
    }
    if kind == Kind::EgressWithEvents {
        command.arg("--events").arg(folder.join("events.jsonl"));
    }
    let mut part = Part::start(&mut command, &folder.join("log"))?;
    part.wait_for(address)?;
    part.wait_for_file(&trusted)?;
    Ok(Proxy {
        kind,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        way: Way {
            proxy: Some(address),
            token: Some(TOKEN.to_owned()),
            trusted,
            ..scene.direct()
        },
        part: Some(part),
    })
}
