//! The bare forwarder, as a part of this program.

use anyhow::{Context, Result};

use super::{Kind, Proxy};
use crate::client::Way;
use crate::part::{OwnPart, this_program};
use crate::scene::{Scene, pair};

pub(super) fn start(scene: &Scene) -> Result<Proxy> {
    let folder = scene.subfolder("forwarder")?;
    let own = scene.interceptor.leaf(&folder, "leaf")?;
    let mut command = this_program()?;
    command.arg("forwarder").args(pair("", &own));
    command.arg("--trusted").arg(scene.upstream_authority());
    let mut own = OwnPart::start(&mut command)?;
    let [port] = own.hear_ports().context("the forwarder does not start")?;
    Ok(Proxy {
        kind: Kind::Forwarder,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        way: Way {
            proxy: Some(([127, 0, 0, 1], port).into()),
            trusted: scene.interceptor.files.certificate.clone(),
            ..scene.direct()
        },
        part: Some(own.into_part()),
    })
}
