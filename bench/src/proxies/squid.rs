//! squid with ssl-bump: it intercepts and verifies, and neither caches nor logs.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Kind, Proxy};
use crate::client::Way;
use crate::part::{Part, free_address};
use crate::scenario::HOST;
use crate::scene::Scene;
use crate::tools::{Squid, Tools};

pub(super) fn start(scene: &Scene, tools: &Tools) -> Result<Proxy> {
    let folder = scene.subfolder("squid")?;
    let squid = tools.squid()?.for_any_user(&folder)?;
    make_certificate_store(&squid, &folder)?;
    let authority = &scene.interceptor.files;
    fs::set_permissions(&authority.key, fs::Permissions::from_mode(0o644))?;
    fs::write(folder.join("hosts"), format!("127.0.0.1 {HOST}\n"))?;
    let address = free_address()?;
    let file = folder.join("squid.conf");
    fs::write(&file, configuration(&squid, &folder, scene, address))?;
    let mut command = squid.tool.command();
    command.arg("-N").arg("-f").arg(&file);
    let mut part = Part::start(&mut command, &folder.join("log"))?;
    part.wait_for(address)?;
    Ok(Proxy {
        kind: Kind::Squid,
        version: squid.tool.version,
        way: Way {
            proxy: Some(address),
            trusted: authority.certificate.clone(),
            ..scene.direct()
        },
        part: Some(part),
    })
}

/// Squid's helper keeps generated certificates in a folder that it must find ready, and may write as another user.
fn make_certificate_store(squid: &Squid, folder: &Path) -> Result<()> {
    let store = folder.join("certificates");
    let mut command = squid.certificate_command();
    command.arg("-c").arg("-s").arg(&store).args(["-M", "4MB"]);
    let output = command
        .output()
        .context("squid's helper for certificates does not start")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all = Command::new("chmod").args(["-R", "a+rwX"]).arg(&store).status()?;
    ensure!(all.success(), "cannot open {} to squid", store.display());
    Ok(())
}

fn configuration(squid: &Squid, folder: &Path, scene: &Scene, address: SocketAddr) -> String {
    let (folder, share) = (folder.display(), squid.share.display());
    let authority = &scene.interceptor.files;
    format!(
        "http_port {address} ssl-bump tls-cert={certificate} tls-key={key} generate-host-certificates=on \
         dynamic_cert_mem_cache_size=4MB
sslcrtd_program {maker} -s {folder}/certificates -M 4MB
sslcrtd_children 2 startup=1
acl step1 at_step SslBump1
ssl_bump peek step1
ssl_bump bump all
tls_outgoing_options default-ca=off cafile={upstream}
http_access allow all
cache deny all
cache_mem 0
memory_pools on
access_log none
cache_store_log none
cache_log {folder}/cache.log
pid_filename none
coredump_dir {folder}
hosts_file {folder}/hosts
mime_table {share}/mime.conf
icon_directory {share}/icons
error_directory {share}/errors/templates
pinger_enable off
unlinkd_program {helpers}/unlinkd
client_persistent_connections on
server_persistent_connections on
shutdown_lifetime 0 seconds
visible_hostname bench
",
        certificate = authority.certificate.display(),
        key = authority.key.display(),
        maker = squid.certificate_maker().display(),
        helpers = squid.helpers.display(),
        upstream = scene.upstream_authority().display(),
    )
}
