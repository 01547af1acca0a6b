//! What an agent program needs of its bottle, as data: the provider's contribution to the plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::egress::Route;
use crate::names::{EnvName, Name, TokenSlot};
use crate::paths::GuestPath;
use crate::secret::SecretSource;
use crate::workspace::Resources;

/// Everything that an agent's provider adds to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderPlan {
    /// The provider's name.
    pub template: Name,
    /// The guest user that the agent runs as.
    pub user: GuestUser,
    /// That user's home.
    pub guest_home: GuestPath,
    /// The agent's command lines.
    pub command: AgentCommand,
    /// How the agent's prompt file reaches the program.
    pub prompt: PromptDelivery,
    /// Where skills go; none when the program has no notion of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skills: Option<GuestPath>,
    /// Variables of the guest; placeholders, never real credentials.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<EnvName, String>,
    /// Variables that summaries leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_env: Vec<EnvName>,
    /// Directories to make before anything is put in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<GuestDirectory>,
    /// Files to put into the guest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<GuestFile>,
    /// Commands run in the guest before the files are put there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands_before: Vec<GuestCommand>,
    /// Commands run in the guest after the files are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands_after: Vec<GuestCommand>,
    /// Routes that the provider owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Credentials that its routes name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<TokenSlot, SecretSource>,
    /// How the supervise server is registered with the program.
    #[serde(default)]
    pub mcp: McpRegistration,
    /// Where the guest keeps its trust store.
    #[serde(default)]
    pub trust: TrustStore,
    /// What the run gets when the bottle says nothing.
    #[serde(default)]
    pub resources: Resources,
}

/// A user of the guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestUser {
    /// The name in the image's passwd file.
    pub name: String,
    /// The user id, which owns what is put into the guest.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

/// Argument vectors of one agent program. Nothing in them is ever handed to a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentCommand {
    /// The whole command on a terminal.
    pub interactive: Vec<String>,
    /// The whole command for one unattended run; [`PROMPT`] stands where the prompt goes.
    pub headless: Vec<String>,
    /// The whole command that takes a session up again on a terminal.
    pub resume_interactive: Vec<String>,
    /// The whole command that takes a session up again unattended; [`PROMPT`] as in `headless`.
    pub resume_headless: Vec<String>,
}

/// The argument that is replaced by the prompt of an unattended run.
pub const PROMPT: &str = "{prompt}";

/// How the agent's own prompt (the body of its file) reaches the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PromptDelivery {
    /// The program has no way to take one.
    None,
    /// The prompt is a file of the guest's, and these arguments, after the program's name, point at it.
    File {
        /// Where the file lies.
        path: GuestPath,
        /// The arguments to insert.
        arguments: Vec<String>,
    },
    /// The prompt is written into these arguments, after the program's name; [`PROMPT`] stands for its text as a
    /// quoted TOML string, the only quoting that a program is known to want.
    TomlArgument {
        /// The arguments to insert.
        arguments: Vec<String>,
    },
}

/// A directory of the guest's, owned by the agent's user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestDirectory {
    /// Where it lies.
    pub path: GuestPath,
    /// Its permission bits.
    #[serde(with = "crate::octal")]
    pub mode: u32,
}

/// A file of the guest's, owned by the agent's user. Its text holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestFile {
    /// Where it lies.
    pub path: GuestPath,
    /// Its permission bits.
    #[serde(with = "crate::octal")]
    pub mode: u32,
    /// Its whole text.
    pub content: String,
}

/// A command run in the guest while it is being set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestCommand {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Who runs it.
    pub user: CommandUser,
}

/// Who runs a command in the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandUser {
    /// Root, before any of the agent's code has run.
    Root,
    /// The agent's user.
    Agent,
}

/// How the supervise server is registered with the agent program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum McpRegistration {
    /// The program cannot use one.
    #[default]
    None,
    /// A command of the guest's; [`MCP_URL`] stands where the address goes.
    Command(Vec<String>),
}

/// The argument that is replaced by the address of the supervise server.
pub const MCP_URL: &str = "{mcp_url}";

/// Where the guest keeps the certificates that it trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustStore {
    /// Where the bottle's certificate is put.
    pub certificate: GuestPath,
    /// The bundle that programs read.
    pub bundle: GuestPath,
    /// What adds the certificate to the bundle, run as root.
    pub update: Vec<String>,
}

impl Default for TrustStore {
    /// Returns the layout of Debian and its relatives.
    fn default() -> Self {
        Self {
            certificate: GuestPath::from_static("/usr/local/share/ca-certificates/bot-bottle-mitm-ca.crt"),
            bundle: GuestPath::from_static("/etc/ssl/certs/ca-certificates.crt"),
            update: vec!["/usr/sbin/update-ca-certificates".to_owned()],
        }
    }
}
