//! mitmproxy, without its display and with its own defaults.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{Kind, Proxy};
use crate::client::Way;
use crate::part::{Part, free_address};
use crate::scene::Scene;
use crate::tools::Tools;

pub(super) fn start(scene: &Scene, tools: &Tools) -> Result<Proxy> {
    let tool = tools.mitmproxy()?;
    let folder = scene.subfolder("mitmproxy")?;
    let authority = &scene.interceptor.files;
    let both = [fs::read(&authority.key)?, fs::read(&authority.certificate)?].concat();
    fs::write(folder.join("mitmproxy-ca.pem"), both)?;
    let address = free_address()?;
    let mut command = Command::new(&tool.program);
    command
        .arg("--quiet")
        .args(["--listen-host", &address.ip().to_string()]);
    command.args(["--listen-port", &address.port().to_string()]);
    let settings = [
        format!("confdir={}", folder.display()),
        format!(
            "ssl_verify_upstream_trusted_ca={}",
            scene.upstream_authority().display()
        ),
        "flow_detail=0".to_owned(),
    ];
    for setting in settings {
        command.args(["--set", &setting]);
    }
    let mut part = Part::start(&mut command, &folder.join("log"))?;
    part.wait_for(address)?;
    Ok(Proxy {
        kind: Kind::Mitmproxy,
        version: tool.version,
        way: Way {
            proxy: Some(address),
            trusted: authority.certificate.clone(),
            ..scene.direct()
        },
        part: Some(part),
    })
}
