//! Programs that know no proxy: they reach what the bottle allows, and fail at once on all else.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::{ALLOWED, Finished, Running, Scene};
use bottle_tests::upstream::Upstream;

use crate::QUICK;
use crate::coder::WITH_BUILD;

/// A host that the bottle allows in plain text.
const PLAIN: &str = "plain.test";
const FORBIDDEN: &str = "forbidden.test";
/// How long a refusal may take, the start of its program included.
const AT_ONCE: &str = "5";

/// Without what tells programs of a proxy.
const UNSET: &str = "unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy NO_PROXY no_proxy; ";

/// One line of shell for each way of programs to find a host; each prints what the host answered.
fn clients(host: &str) -> [(&'static str, String); 4] {
    let python =
        format!("import urllib.request as r; print(r.urlopen('https://{host}/echo').read().decode())");
    let node = format!(
        "fetch('https://{host}/echo').then(r => r.text()).then(t => console.log(t), e => {{ console.error(e); process.exit(1) }})"
    );
    // A resolver of its own, as static programs have: it asks whom the file names.
    let own = format!(
        "const d = require('dns').promises; d.resolve4('{host}').then(([a]) => require('https').get({{host: a, servername: \
         '{host}', path: '/echo', headers: {{host: '{host}'}}}}, r => r.pipe(process.stdout)), e => {{ console.error(e); \
         process.exit(1) }})"
    );
    [
        ("curl", format!("curl -sS --fail https://{host}/echo")),
        ("python", format!("python3 -c \"{python}\"")),
        ("node", format!("node -e \"{node}\"")),
        ("node with c-ares", format!("node -e \"{own}\"")),
    ]
}

struct Guest {
    scene: Scene,
    plain: Upstream,
    _running: Running,
}

impl Guest {
    fn start_or_skip(test: &str, more: &str) -> Result<Option<Self>> {
        let Some(scene) = Scene::set_or_skip(test)? else {
            return Ok(None);
        };
        let gateway = scene.engine()?.gateway()?;
        let plain = Upstream::start_plain(SocketAddr::new(gateway, 0))?;
        let bottle = format!(
            "agent_provider: {{template: demo, dockerfile: {dockerfile}}}
supervise: false
egress:
{more}  routes:
    - {{host: {ALLOWED}, auth: {{scheme: Bearer, token_ref: UPSTREAM_TOKEN}}, addresses: [{gateway}/32]}}
    - {{host: {PLAIN}, ports: [80], addresses: [{gateway}/32]}}
  resolve: ['{ALLOWED}:443:{tls}', '{PLAIN}:80:{http}']
  upstream_ca: [{{host: {ALLOWED}, file: {certificate}}}]
",
            dockerfile = scene.continue_dockerfile("claude", "")?,
            tls = scene.upstream.address(),
            http = plain.address(),
            certificate = scene
                .stage
                .write("upstream-ca.pem", scene.upstream.authority().certificate_pem())?
                .display(),
        );
        scene.stage.write_bottle("one", &bottle)?;
        let running = scene.start("run: echo the agent waits; exec sleep 3600")?;
        running.wait_for_stdout(WITH_BUILD, "\nthe agent waits")?;
        Ok(Some(Self {
            scene,
            plain,
            _running: running,
        }))
    }

    /// Runs a line of shell in a guest that says nothing of a proxy.
    fn run(&self, line: &str) -> Result<Finished> {
        let line = format!("{UNSET}{line}");
        self.scene.exec_within(QUICK, &["bash", "-c", &line])
    }

    /// Makes sure that a line fails, and soon.
    fn fails_at_once(&self, line: &str) -> Result<()> {
        let quoted = line.replace('\'', "'\\''");
        let finished = self.run(&format!("timeout {AT_ONCE} bash -c '{quoted}'"))?;
        ensure!(![0, 124].contains(&finished.status), "{line}: {finished:?}");
        Ok(())
    }
}

#[test]
fn programs_that_know_no_proxy_reach_allowed_hosts_and_no_others() -> Result<()> {
    const TEST: &str = "programs_that_know_no_proxy_reach_allowed_hosts_and_no_others";
    let Some(guest) = Guest::start_or_skip(TEST, "")? else {
        return Ok(());
    };
    for (program, line) in clients(ALLOWED) {
        let reached = guest.run(&line)?;
        ensure!(reached.status == 0, "{program}: {reached:?}");
        let request = guest.scene.upstream.requests().all().pop().context(program)?;
        let credential = format!("Bearer {}", guest.scene.token);
        ensure!(
            request.header("authorization") == Some(&credential),
            "{program}: {request:?}"
        );
    }
    for (_, line) in clients(FORBIDDEN) {
        guest.fails_at_once(&line)?;
    }
    let plain = guest.run(&format!("curl -sS --fail http://{PLAIN}/status/200"))?;
    ensure!(plain.status == 0, "{plain:?}");
    assert_eq!(guest.plain.requests().all().len(), 1);
    nothing_else_is_there(&guest)
}

/// The guest sees its own resolver alone, and an address opens no port and no protocol that the route does not list.
fn nothing_else_is_there(guest: &Guest) -> Result<()> {
    let file = guest.run("grep -v '^#' /etc/resolv.conf | grep .")?;
    assert_eq!(
        file.stdout.trim_end_matches("search .\n"),
        "nameserver 127.0.0.1\n"
    );
    let address = guest.run(&format!("getent ahosts {ALLOWED} | cut -d' ' -f1 | sort -u"))?;
    ensure!(
        address.stdout.starts_with("127.77.") && address.stdout.lines().count() == 1,
        "{address:?}"
    );
    let address = address.stdout.trim();
    for line in [
        format!("curl -sS https://{ALLOWED}:8443/"),
        format!("curl -sS http://{ALLOWED}/"),
        format!("curl -sS https://{address}/"),
        "curl -sS --insecure https://127.77.200.200/".to_owned(),
        "curl -sS https://8.8.8.8/".to_owned(),
        format!("getent hosts secret-in-a-name.{ALLOWED}"),
        format!("getent hosts {FORBIDDEN}"),
    ] {
        guest.fails_at_once(&line)?;
    }
    // Its own servers find their usual ports free.
    let own = guest.run("python3 -c \"import socket; socket.create_server(('127.0.0.1', 443))\"")?;
    ensure!(own.status == 0, "{own:?}");
    Ok(())
}

#[test]
fn without_transparent_mode_no_name_resolves() -> Result<()> {
    let Some(guest) = Guest::start_or_skip(
        "without_transparent_mode_no_name_resolves",
        "  transparent: false\n",
    )?
    else {
        return Ok(());
    };
    for (_, line) in clients(ALLOWED) {
        guest.fails_at_once(&line)?;
    }
    let by_proxy = guest
        .scene
        .shell(&format!("curl -sS --fail https://{ALLOWED}/status/200"))?;
    assert_eq!(by_proxy.status, 0, "{by_proxy:?}");
    Ok(())
}
