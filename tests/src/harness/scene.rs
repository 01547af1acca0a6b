//! What most tests of running bottles begin with: the scripted agent, and an upstream that its bottle allows.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::engine::Engine;
use super::machine::machine_or_skip;
use super::native::{HERE, Who, native_or_skip};
use super::running::{Finished, Running};
use super::stage::Stage;
use crate::upstream::Upstream;

/// The one host that the bottle of a scene allows.
pub const ALLOWED: &str = "upstream.test";

/// How long a start may take once its image is there.
const START: Duration = Duration::from_secs(60);
/// The first start of all builds the image.
const FIRST_START: Duration = Duration::from_secs(500);
const EXEC: Duration = Duration::from_secs(60);
/// The host's variable that holds the credential.
const VARIABLE: &str = "UPSTREAM_TOKEN";
const WAITING: &str = "the agent waits";

/// A stage with a bottle `one`, an agent `tester` and an upstream that knows a credential.
#[derive(Debug)]
pub struct Scene {
    /// The home and the names.
    pub stage: Stage,
    /// Who answers for [`ALLOWED`].
    pub upstream: Upstream,
    /// The credential that egress adds; each scene has its own.
    pub token: String,
    /// The name of the bottle.
    pub label: String,
}

impl Scene {
    /// Sets the scene, or says that this test is skipped for want of an engine.
    pub fn set_or_skip(test: &str) -> Result<Option<Self>> {
        Self::set_with_or_skip(test, "")
    }

    /// The same with more lines in the frontmatter of the bottle.
    pub fn set_with_or_skip(test: &str, more: &str) -> Result<Option<Self>> {
        let Some(engine) = Engine::connect_or_skip(test)? else {
            return Ok(None);
        };
        let gateway = engine.gateway()?;
        Self::on(Stage::with_engine(engine)?, gateway, more).map(Some)
    }

    /// Sets a scene without an engine, or says that this test is skipped where nobody may have one.
    pub fn native_or_skip(test: &str, who: Who, more: &str) -> Result<Option<Self>> {
        match native_or_skip(test, who)? {
            Some(stage) => Self::on(stage, HERE, more).map(Some),
            None => Ok(None),
        }
    }

    /// Sets a scene whose bottles are machines, or says that this test is skipped where there are none.
    pub fn machine_or_skip(test: &str) -> Result<Option<Self>> {
        match machine_or_skip(test)? {
            Some(stage) => Self::on(stage, HERE, "").map(Some),
            None => Ok(None),
        }
    }

    /// Sets a scene whose upstream listens where the sidecar reaches it.
    fn on(mut stage: Stage, gateway: IpAddr, more: &str) -> Result<Self> {
        let upstream = Upstream::start(SocketAddr::new(gateway, 0), &[ALLOWED])?;
        let token = random_token();
        stage.set(VARIABLE, &token);
        let label = stage.label("bottle");
        let certificate = stage.write("upstream-ca.pem", upstream.authority().certificate_pem())?;
        let frontmatter = format!(
            "agent_provider: {{template: demo}}
supervise: false
egress:
  routes:
    - {{host: {ALLOWED}, auth: {{scheme: Bearer, token_ref: {VARIABLE}}}, addresses: [{gateway}/32]}}
  resolve: ['{ALLOWED}:443:{address}']
  upstream_ca: [{{host: {ALLOWED}, file: {certificate}}}]
{more}",
            address = upstream.address(),
            certificate = certificate.display(),
        );
        stage.write_bottle("one", &frontmatter)?;
        stage.write_agent("tester", "bottle: one\n", "You are a test.")?;
        Ok(Self {
            stage,
            upstream,
            token,
            label,
        })
    }

    /// Writes a Dockerfile for the bottle that continues the one of a provider of ours, so that the engine has built most
    /// of it before; returns its name. The last user is the agent's again.
    pub fn continue_dockerfile(&self, provider: &str, lines: &str) -> Result<&'static str> {
        const NAME: &str = "continued.Dockerfile";
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let ours = fs::read_to_string(root.join("contrib").join(provider).join("Dockerfile"))?;
        let text = format!("{ours}\nUSER root\n{lines}\nUSER node\n");
        self.stage.write(&format!("bottles/{NAME}"), &text)?;
        Ok(NAME)
    }

    /// Starts the agent with a script of its own and no terminal.
    pub fn start(&self, script: &str) -> Result<Running> {
        self.start_with(&[], script)
    }

    /// The same with more flags.
    pub fn start_with(&self, flags: &[&str], script: &str) -> Result<Running> {
        let fixed = [
            "start",
            "tester",
            "--yes",
            "--label",
            &self.label,
            "--headless",
            "--prompt",
            script,
        ];
        self.stage.start(&[&fixed, flags].concat())
    }

    /// Runs the agent with a script to its end.
    pub fn run(&self, script: &str) -> Result<Finished> {
        self.start(script)?.wait(FIRST_START)
    }

    /// Starts the agent and returns when it is there, doing nothing.
    pub fn start_waiting(&self) -> Result<Running> {
        self.start_waiting_with(&[])
    }

    /// The same with more flags.
    pub fn start_waiting_with(&self, flags: &[&str]) -> Result<Running> {
        let running = self.start_with(flags, &format!("run: echo {WAITING}; exec sleep 3600"))?;
        running.wait_for_stdout(FIRST_START, &format!("\n{WAITING}"))?;
        Ok(running)
    }

    /// Runs a command beside the agent, as a user would.
    pub fn exec(&self, argv: &[&str]) -> Result<Finished> {
        self.exec_within(EXEC, argv)
    }

    /// The same, with a limit of the caller's.
    pub fn exec_within(&self, limit: Duration, argv: &[&str]) -> Result<Finished> {
        self.stage
            .run(&[&["exec", &self.label, "--"], argv].concat(), limit)
    }

    /// Runs a line of shell beside the agent.
    pub fn shell(&self, line: &str) -> Result<Finished> {
        self.exec(&["bash", "-c", line])
    }

    /// The engine.
    pub fn engine(&self) -> Result<&Engine> {
        self.stage.engine()
    }

    /// The container of the agent.
    #[must_use]
    pub fn agent(&self) -> String {
        format!("bottle-{}-agent", self.label)
    }

    /// The container of the doors.
    #[must_use]
    pub fn sidecar(&self) -> String {
        format!("bottle-{}-sidecar", self.label)
    }

    /// Makes sure that nothing of the bottle is left, in the engine or among the state.
    pub fn assert_gone(&self) -> Result<()> {
        self.engine()?.wait_until_gone(&self.label, START)?;
        let state = self.stage.bottle_home().join("state").join(&self.label);
        anyhow::ensure!(!state.exists(), "{} is left", state.display());
        Ok(())
    }

    /// The decisions that were written down so far, one JSON document each.
    pub fn events(&self) -> Result<Vec<serde_json::Value>> {
        let log = self.stage.run(&["log", &self.label, "--json"], START)?;
        anyhow::ensure!(log.status == 0, "{log:?}");
        let parse = |line: &str| serde_json::from_str(line).with_context(|| line.to_owned());
        log.stdout.lines().map(parse).collect()
    }
}

/// A token that no image, cache or log of an earlier test can hold.
fn random_token() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("sk-test-{:016x}{:016x}", random(), random())
}
