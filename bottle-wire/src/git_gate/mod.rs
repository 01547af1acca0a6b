//! What the git gate needs, and what it reports.

mod gather;

use bottle_plan::git::GitRepo;
use bottle_plan::names::{Identity, RepoName};
use serde::{Deserialize, Serialize};

use crate::boot::{Base64, WireSecret};
use crate::event::Verdict;
use crate::supervise::QuestionId;
pub use gather::GatherError;

/// What the git gate's door needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitGateBoot {
    /// Whose gate it is; names the branches that a repository without patterns allows.
    pub identity: Identity,
    /// Every repository.
    pub repos: Vec<RepoBoot>,
    /// Values that the guest was given and must not push.
    pub secrets: Vec<NamedSecret>,
    /// The host's root store for `https://` upstreams: DER certificates in base64.
    pub roots: Vec<Base64>,
}

/// One repository with its credential.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepoBoot {
    /// What the plan says of it.
    pub repo: GitRepo,
    /// What the upstream is shown; none for one that asks for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<GitCredential>,
    /// Findings that the bottle's owner has accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<AcceptedFinding>,
    /// Further authorities that are believed for this upstream: DER certificates in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<Base64>,
}

/// A credential, by value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum GitCredential {
    /// A private key as OpenSSH or PEM text.
    Key(WireSecret),
    /// The socket of an ssh agent that the gate's process can reach.
    Agent(std::path::PathBuf),
    /// A token, or `user:password`, for basic authentication.
    Token(WireSecret),
}

/// A value under the name by which findings show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSecret {
    /// The name of the variable.
    pub name: String,
    /// The value.
    pub value: WireSecret,
}

/// A rule whose findings in some files are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedFinding {
    /// The rule's name.
    pub rule: String,
    /// The file, in which `*` stands for any characters.
    pub file: String,
}

/// An operation that the git gate decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitEvent {
    /// The repository.
    pub repo: RepoName,
    /// What was wanted.
    pub operation: GitOperation,
    /// What was decided.
    pub verdict: Verdict,
    /// The rule that decided, or what went wrong; `fresh` for a read that was served.
    pub rule: String,
    /// Where the rule applied, values masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// The refs of a push.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<RefChange>,
    /// The question that was raised, or whose approval let the push pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<QuestionId>,
    /// New objects that were scanned.
    #[serde(default)]
    pub objects: u64,
    /// From the request to the answer.
    #[serde(default)]
    pub milliseconds: u64,
}

/// What a guest wants of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GitOperation {
    /// `git-upload-pack`: clone, fetch, pull, ls-remote.
    Read,
    /// `git-receive-pack`.
    Push,
}

/// One ref of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefChange {
    /// The full name.
    pub name: String,
    /// The object that the guest believes is there; zeros for none.
    pub old: String,
    /// The object that it wants there; zeros for none.
    pub new: String,
}
