//! Programs that know no proxy: they reach what the bottle allows, and fail at once on all else.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bottle_tests::harness::{ALLOWED, Finished, HERE, Running, Scene, Who, static_client};
use bottle_tests::upstream::Upstream;

use crate::QUICK;

/// A host that the bottle allows in plain text.
const PLAIN: &str = "plain.test";
const FORBIDDEN: &str = "forbidden.test";
/// How long a refusal may take, the start of its program included; a Java program takes a while to start.
const AT_ONCE: &str = "10";
/// Opens TLS itself, without a look at any proxy, and trusts what its machine was told to trust.
const JAVA: &str = r#"
import java.io.*; import java.net.*; import javax.net.ssl.*;
public class Client {
  public static void main(String[] words) throws Exception {
    InetAddress address = InetAddress.getByName(words[0]);
    SSLSocket socket = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(
        new Socket(address, 443), words[0], 443, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.getOutputStream().write(("GET /echo HTTP/1.1\r\nHost: " + words[0] + "\r\nConnection: close\r\n\r\n").getBytes());
    BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream()));
    String status = lines.readLine();
    System.out.println(status);
    System.exit(status.contains(" 200") ? 0 : 1);
  }
}
"#;

struct Guest {
    scene: Scene,
    plain: Upstream,
    _running: Running,
}

impl Guest {
    fn start_or_skip(test: &str, who: Who) -> Result<Option<Self>> {
        let Some(scene) = Scene::native_or_skip(test, who, "")? else {
            return Ok(None);
        };
        let plain = Upstream::start_plain(SocketAddr::new(HERE, 0))?;
        let bottle = format!(
            "agent_provider: {{template: demo}}
supervise: false
egress:
  routes:
    - {{host: {ALLOWED}, auth: {{scheme: Bearer, token_ref: UPSTREAM_TOKEN}}, addresses: [{HERE}/32]}}
    - {{host: {PLAIN}, ports: [80], addresses: [{HERE}/32]}}
  resolve: ['{ALLOWED}:443:{tls}', '{PLAIN}:80:{http}']
  upstream_ca: [{{host: {ALLOWED}, file: {certificate}}}]
",
            tls = scene.upstream.address(),
            http = plain.address(),
            certificate = scene
                .stage
                .write("upstream-ca.pem", scene.upstream.authority().certificate_pem())?
                .display(),
        );
        scene.stage.write_bottle("one", &bottle)?;
        fs::write(scene.stage.directory().join("Client.java"), JAVA)?;
        fs::copy(static_client()?, scene.stage.directory().join("static-client"))?;
        let running = scene.start_waiting_with(&["--cwd"])?;
        Ok(Some(Self {
            scene,
            plain,
            _running: running,
        }))
    }

    /// Runs a line of shell in a guest that says nothing of a proxy.
    fn run(&self, line: &str) -> Result<Finished> {
        let line = format!(
            "unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy NO_PROXY no_proxy; cd ~/workspace; {line}"
        );
        self.scene.exec_within(QUICK, &["bash", "-c", &line])
    }

    fn fails_at_once(&self, line: &str) -> Result<()> {
        let quoted = line.replace('\'', "'\\''");
        let finished = self.run(&format!("timeout {AT_ONCE} bash -c '{quoted}'"))?;
        ensure!(![0, 124].contains(&finished.status), "{line}: {finished:?}");
        Ok(())
    }
}

fn is_here(program: &str) -> bool {
    Path::new("/usr/bin").join(program).exists()
}

/// One line of shell for each way of programs to find a host over TLS.
fn clients(host: &str) -> Vec<(&'static str, String)> {
    let mut clients = vec![
        ("curl", format!("curl -sS --fail https://{host}/echo")),
        ("static", format!("./static-client https://{host}/echo")),
    ];
    let fetch = format!(
        "fetch('https://{host}/echo').then(r => r.text()).then(t => console.log(t), e => {{ console.error(e); process.exit(1) }})"
    );
    if is_here("node") {
        clients.push(("node", format!("node -e \"{fetch}\"")));
    }
    if is_here("javac") {
        clients.push(("java", format!("java Client.java {host}")));
    }
    clients
}

#[test]
fn programs_that_know_no_proxy_reach_allowed_hosts_and_no_others() -> Result<()> {
    const TEST: &str = "programs_that_know_no_proxy_reach_allowed_hosts_and_no_others";
    for who in Who::all() {
        let Some(guest) = Guest::start_or_skip(TEST, *who)? else {
            return Ok(());
        };
        for (program, line) in clients(ALLOWED) {
            let before = guest.scene.upstream.requests().all().len();
            let reached = guest.run(&line)?;
            ensure!(reached.status == 0, "{who:?}: {program}: {reached:?}");
            let requests = guest.scene.upstream.requests().all();
            ensure!(requests.len() == before + 1, "{who:?}: {program}: {requests:?}");
            let credential = format!("Bearer {}", guest.scene.token);
            let request = requests.last().context(program)?;
            ensure!(
                request.header("authorization") == Some(&credential),
                "{who:?}: {program}: {request:?}"
            );
        }
        let plain = guest.run(&format!("./static-client http://{PLAIN}/status/200"))?;
        ensure!(plain.status == 0, "{who:?}: {plain:?}");
        assert_eq!(guest.plain.requests().all().len(), 1);
        let before = guest.scene.upstream.requests().all().len();
        for (_, line) in clients(FORBIDDEN) {
            guest.fails_at_once(&line)?;
        }
        for line in [
            format!("./static-client http://{FORBIDDEN}/"),
            format!("./static-client http://{ALLOWED}/"),
            "./static-client http://127.77.200.200/".to_owned(),
            "./static-client https://192.0.2.1/".to_owned(),
            // Without the bottle's authority it trusts nobody here.
            format!("env -u SSL_CERT_FILE SSL_CERT_DIR=/nowhere ./static-client https://{ALLOWED}/echo"),
            format!("getent hosts secret-in-a-name.{ALLOWED}"),
        ] {
            guest.fails_at_once(&line)?;
        }
        assert_eq!(guest.scene.upstream.requests().all().len(), before);
    }
    Ok(())
}
