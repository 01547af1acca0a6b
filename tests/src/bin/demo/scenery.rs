//! The throw-away home, the bottle in it, and the service outside.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;

use anyhow::{Context, Result};
use bottle_tests::git_host::GitHost;
use bottle_tests::harness::{Engine, HERE, Stage};
use bottle_tests::record::Recorded;
use bottle_tests::upstream::Upstream;

/// The host that the bottle allows.
pub(crate) const HOST: &str = "api.example.test";
/// The host's variable that holds the service's credential.
const VARIABLE: &str = "SERVICE_TOKEN";

/// All that the demonstration needs; what it leaves in the engine is removed when this is dropped.
pub(crate) struct Scenery {
    pub(crate) stage: Stage,
    pub(crate) service: Upstream,
    /// Where the repository lies.
    pub(crate) host: GitHost,
    pub(crate) token: String,
    pub(crate) label: String,
    /// The text of the bottle's file.
    pub(crate) bottle: String,
}

impl Scenery {
    pub(crate) fn set() -> Result<Self> {
        let (mut stage, gateway) = match Engine::connect() {
            Ok(engine) => {
                let gateway = engine.gateway()?;
                (Stage::with_engine(engine)?, gateway)
            }
            Err(error) => {
                println!("No engine answers ({error:#}): the bottle runs in namespaces of this kernel.");
                let mut stage = Stage::without_engine()?;
                stage.set("DOCKER_HOST", "unix:///nowhere/docker.sock");
                (stage, HERE)
            }
        };
        let service = Upstream::start(SocketAddr::new(gateway, 0), &[HOST])?;
        let token = format!(
            "demo-credential-{:016x}",
            RandomState::new().build_hasher().finish()
        );
        stage.set(VARIABLE, &token);
        stage.write("bottles/service-ca.pem", service.authority().certificate_pem())?;
        let host = GitHost::start(SocketAddr::new(gateway, 0), &[&gateway.to_string()])?;
        stage.write("bottles/git-ca.pem", host.authority().certificate_pem())?;
        let bottle = bottle(service.address(), host.address());
        stage.write_bottle("careful", &bottle)?;
        let agent = "bottle: careful\ngit-gate: {user: {name: Tourist, email: tourist@bottle.invalid}}\n";
        stage.write_agent("tourist", agent, "You show people round.")?;
        let label = stage.label("tour");
        Ok(Self {
            stage,
            service,
            host,
            token,
            label,
            bottle,
        })
    }

    /// Runs `bottle` so that the user sees all of it; with a prompt, under the label of the demonstration.
    pub(crate) fn show(&self, arguments: &[&str], prompt: Option<&str>) -> Result<Option<i32>> {
        let mut command = self.stage.command(arguments)?;
        if let Some(prompt) = prompt {
            command.args(["--label", &self.label, "--prompt", prompt]);
        }
        let status = command.status().context("cannot start bottle")?;
        Ok(status.code())
    }

    /// The repository's address, as the world outside knows it.
    pub(crate) fn repository(&self) -> String {
        format!("https://{}/repo.git", self.host.address())
    }

    /// Throws the bottle away without a word.
    pub(crate) fn discard(&self) -> Result<()> {
        let stopped = self
            .stage
            .command(&["stop", "--discard", &self.label])?
            .output()?;
        let said = String::from_utf8_lossy(&stopped.stderr);
        anyhow::ensure!(stopped.status.success(), "bottle stop: {said}");
        Ok(())
    }

    pub(crate) fn has_credential(&self, request: &Recorded) -> bool {
        request.header("authorization") == Some(&format!("Bearer {}", self.token))
    }
}

/// The settings with addresses and certificates lead to the service and the repository of the demonstration.
fn bottle(service: SocketAddr, host: SocketAddr) -> String {
    format!(
        "agent_provider: {{template: demo}}
supervise: false
egress:
  routes:
    - host: {HOST}
      auth: {{scheme: Bearer, token_ref: {VARIABLE}}}
      matches: [{{methods: [POST]}}]
      addresses: [{gateway}/32]
  resolve: ['{HOST}:443:{service}']
  upstream_ca:
    - {{host: {HOST}, file: service-ca.pem}}
    - {{host: '{gateway}', file: git-ca.pem}}
git-gate:
  repos:
    guide: {{url: 'https://{host}/repo.git', branches: ['tour/*']}}
",
        gateway = service.ip()
    )
}
