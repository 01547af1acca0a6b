//! The git gate's part of a plan, as data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::names::{EnvName, RepoName};

/// Whose name commits carry. Either half may stand alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GitUser {
    /// `user.name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `user.email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// One repository that the guest reaches through the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitRepo {
    /// The name in `http://git-gate:9420/<name>.git`.
    pub name: RepoName,
    /// The upstream, `ssh://` or `https://`.
    pub url: String,
    /// The only host key that is believed, in `known_hosts` form without the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<String>,
    /// The credential, by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<GitKey>,
    /// Patterns below `refs/heads/`; empty means the bottle's own branches only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// What a push may do beyond adding commits.
    #[serde(default)]
    pub allow: GitAllow,
    /// Push options that are sent on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub push_options: Vec<String>,
    /// What a change of CI and hook files does.
    #[serde(default)]
    pub ci_files: CiFiles,
    /// Findings that the bottle's owner has accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan_allowlist: Option<PathBuf>,
    /// Installed programs that read each push beside the gate's own scanner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scanners: Vec<ExtraScanner>,
}

/// An installed program that finds secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtraScanner {
    /// gitleaks, 8.19 or newer.
    Gitleaks,
    /// betterleaks, 2.0 or newer.
    Betterleaks,
}

impl ExtraScanner {
    /// All that there are.
    pub const ALL: [Self; 2] = [Self::Gitleaks, Self::Betterleaks];
    /// Where an image, or a host, has its programs; a door of a bottle's has no search path.
    pub const FOLDERS: [&'static str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

    /// The name of the program.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Gitleaks => "gitleaks",
            Self::Betterleaks => "betterleaks",
        }
    }
}

/// The credential of one upstream, by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "kebab-case", deny_unknown_fields)]
pub enum GitKey {
    /// A private key file of the host's.
    Static {
        /// The file.
        path: PathBuf,
    },
    /// The host's ssh agent.
    SshAgent,
    /// A deploy key made for the bottle through a Gitea API.
    Gitea {
        /// The host variable with the forge's API token.
        forge_token_env: EnvName,
    },
    /// A deploy key made for the bottle through the GitHub API.
    Github {
        /// The host variable with the forge's API token.
        forge_token_env: EnvName,
    },
    /// A token for an `https://` upstream.
    Token {
        /// The host variable with the token.
        token_ref: EnvName,
    },
}

/// What a push may do beyond adding commits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GitAllow {
    /// Updates that are not fast-forward.
    pub force: bool,
    /// Deleting branches.
    pub delete: bool,
    /// Creating tags.
    pub tags: bool,
}

/// What a change of CI and hook files does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CiFiles {
    /// A human is asked.
    #[default]
    Ask,
    /// It passes.
    Allow,
    /// It is refused.
    Refuse,
}

/// Where the guest reaches the git gate, as the backend sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitGateInsteadOf {
    /// The URL scheme, `http`.
    pub scheme: String,
    /// Host and port, `git-gate:9420`.
    pub host: String,
}

impl Default for GitGateInsteadOf {
    fn default() -> Self {
        Self {
            scheme: "http".to_owned(),
            host: "git-gate:9420".to_owned(),
        }
    }
}
