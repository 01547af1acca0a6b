//! A real agent program in a bottle, and the mock of the service that it speaks to.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::engine::Engine;
use super::machine::machine_of_or_skip;
use super::native::{HERE, Who, find_agents_or_skip, native_or_skip};
use super::stage::Stage;
use crate::mock_model::{MockModel, Settings, ToolCall};

/// A program and the kind of credential that it is run with.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    /// Claude Code with the token of a subscription.
    ClaudeToken,
    /// Claude Code with an API key.
    ClaudeKey,
    /// Codex with an API key.
    CodexKey,
    /// Codex with the host's login.
    CodexLogin,
}

/// A stage with a bottle and an agent for one program.
#[derive(Debug)]
pub struct Coder {
    /// The home and the names.
    pub stage: Stage,
    /// The service that the program speaks to.
    pub model: MockModel,
    /// The name of the bottle.
    pub label: String,
    /// The part of the real credential that nothing else holds.
    pub secret: String,
    /// The header by which the real credential must reach the service.
    pub header: (&'static str, String),
}

const VARIABLE: &str = "MODEL_CREDENTIAL";
const ACCOUNT: &str = "acct-of-the-test";

impl Coder {
    /// Sets the stage, or says that this test is skipped for want of an engine.
    pub fn set_or_skip(test: &str, program: Program) -> Result<Option<Self>> {
        let Some(engine) = Engine::connect_or_skip(test)? else {
            return Ok(None);
        };
        let gateway = engine.gateway()?;
        Self::on(Stage::with_engine(engine)?, gateway, program).map(Some)
    }

    /// Sets a stage without an engine, or says that this test is skipped where nobody may have one, or where the real
    /// programs are not.
    pub fn native_or_skip(test: &str, who: Who, program: Program) -> Result<Option<Self>> {
        let Some(mut stage) = native_or_skip(test, who)? else {
            return Ok(None);
        };
        match find_agents_or_skip(test, &mut stage)? {
            true => Self::on(stage, HERE, program).map(Some),
            false => Ok(None),
        }
    }

    /// Sets a stage whose bottles are machines, or says that this test is skipped where there are none.
    pub fn machine_or_skip(test: &str, program: Program) -> Result<Option<Self>> {
        match machine_of_or_skip(test, program.provider())? {
            Some(stage) => Self::on(stage, HERE, program).map(Some),
            None => Ok(None),
        }
    }

    /// Sets the stage with a model that listens where the sidecar reaches it.
    fn on(mut stage: Stage, address: IpAddr, program: Program) -> Result<Self> {
        let settings = Settings {
            tool: Some(ToolCall::shell(TOOL)),
            ..Settings::default()
        };
        let model = MockModel::start(SocketAddr::new(address, 0), settings)?;
        let secret = random();
        let credential = program.credential(&secret);
        match program {
            Program::CodexLogin => write_login(&stage, &credential)?,
            _ => stage.set(VARIABLE, &credential),
        }
        stage.write("bottles/model-ca.pem", model.authority().certificate_pem())?;
        stage.write_bottle("model", &program.bottle(model.address()))?;
        stage.write_agent("coder", "bottle: model\n", "Answer briefly.")?;
        let label = stage.label("coder");
        let header = program.header(&credential);
        Ok(Self {
            stage,
            model,
            label,
            secret,
            header,
        })
    }

    /// The arguments of a start.
    #[must_use]
    pub fn arguments(&self) -> Vec<&str> {
        vec!["start", "coder", "--yes", "--label", &self.label]
    }

    /// Whether the service was sent what the guest's tool printed.
    #[must_use]
    pub fn tool_ran_in_the_guest(&self) -> bool {
        let printed = format!("ran in {}", self.label);
        let bodies = self.model.requests().all();
        bodies.iter().any(|request| {
            let body = request.body.json().unwrap_or(&Value::Null);
            body.to_string().contains(&printed)
        })
    }

    /// Whether every call of the model carried the real credential.
    pub fn assert_credential_arrived(&self) -> Result<()> {
        let (name, value) = &self.header;
        let requests = self.model.requests().all();
        let calls: Vec<_> = requests
            .iter()
            .filter(|request| request.method == "POST")
            .collect();
        anyhow::ensure!(!calls.is_empty(), "the model was not called: {requests:?}");
        for call in calls {
            assert_eq!(
                call.header(name),
                Some(value.as_str()),
                "{} {}",
                call.host,
                call.path
            );
        }
        Ok(())
    }
}

/// What the model asks to have run: the guest's name is the bottle's.
const TOOL: &str = "echo \"ran in $(cat /etc/hostname)\"";

impl Program {
    fn credential(self, secret: &str) -> String {
        match self {
            Self::ClaudeToken => format!("sk-ant-oat01-{secret}"),
            Self::ClaudeKey => format!("sk-ant-api03-{secret}"),
            Self::CodexKey => format!("sk-proj-{secret}"),
            Self::CodexLogin => token(secret),
        }
    }

    fn header(self, credential: &str) -> (&'static str, String) {
        match self {
            Self::ClaudeKey => ("x-api-key", credential.to_owned()),
            _ => ("authorization", format!("Bearer {credential}")),
        }
    }

    fn provider(self) -> &'static str {
        match self {
            Self::ClaudeToken | Self::ClaudeKey => "claude",
            Self::CodexKey | Self::CodexLogin => "codex",
        }
    }

    fn bottle(self, model: SocketAddr) -> String {
        let template = self.provider();
        let host = match self {
            Self::ClaudeToken | Self::ClaudeKey => "api.anthropic.com",
            Self::CodexKey => "api.openai.com",
            Self::CodexLogin => "chatgpt.com",
        };
        let credential = match self {
            Self::CodexLogin => "forward_host_credentials: true".to_owned(),
            _ => format!("auth_token: {VARIABLE}"),
        };
        format!(
            "agent_provider: {{template: {template}, {credential}}}
supervise: false
egress:
  resolve: ['{host}:443:{model}']
  upstream_ca: [{{host: {host}, file: model-ca.pem}}]
"
        )
    }
}

fn random() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// A login as `codex login` leaves it on the host.
fn write_login(stage: &Stage, token: &str) -> Result<()> {
    let login = json!({
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": null,
        "tokens": {"id_token": token, "access_token": token, "refresh_token": "rt", "account_id": ACCOUNT},
        "last_refresh": "2026-01-01T00:00:00Z",
    });
    let folder = stage.home().join(".codex");
    fs::create_dir(&folder)?;
    fs::write(folder.join("auth.json"), login.to_string()).context("cannot write the login")
}

/// A token of the service's shape, whose signature is the secret. It ends in the year 2100.
fn token(secret: &str) -> String {
    let claims = json!({
        "exp": 4_102_444_800_u64,
        "https://api.openai.com/auth": {"chatgpt_account_id": ACCOUNT, "chatgpt_plan_type": "plus"},
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.{secret}",
        part(&json!({"alg": "RS256", "typ": "JWT"})),
        part(&claims)
    )
}
