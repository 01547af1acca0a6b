//! From a repository's references to values: what the trusted side reads on its own host.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bottle_plan::git::{GitKey, GitRepo};
use bottle_plan::names::EnvName;
use bottle_util::{Secret, files};

use super::{AcceptedFinding, GitCredential, RepoBoot};
use crate::boot::WireSecret;

/// The longest private key, in bytes.
const KEY_BYTES: u64 = 64 << 10;
/// The longest list of accepted findings, in bytes.
const LIST_BYTES: u64 = 1 << 20;

/// Says which reference of a repository leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// A file cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// A variable is not set.
    #[error("{0} is not set in the environment")]
    NoVariable(EnvName),
    /// Others may read a private key.
    #[error("{} is a private key that others may read (mode {mode:03o}); `chmod 600` it", path.display())]
    KeyOfAll {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that is to be a private key is none.
    #[error("{} is no private key", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// There is no ssh agent.
    #[error("no ssh agent runs for this user (SSH_AUTH_SOCK)")]
    NoAgent,
    /// Deploy keys are not made by this build.
    #[error("this version makes no deploy keys: use a key file, an ssh agent or a token")]
    DeployKey,
    /// A line of a list of accepted findings is none.
    #[error("{}, line {line}: write a rule and a file, with `*` for any characters", path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
}

impl RepoBoot {
    /// Looks whether all is there that a repository refers to, and reads no secret.
    ///
    /// # Errors
    ///
    /// What [`Self::gather`] would say.
    pub fn check(
        repo: &GitRepo,
        has_variable: impl Fn(&EnvName) -> bool,
        agent: Option<&Path>,
    ) -> Result<(), GatherError> {
        match &repo.key {
            Some(GitKey::Static { path }) => check_key(path)?,
            Some(GitKey::SshAgent) if agent.is_none() => return Err(GatherError::NoAgent),
            Some(GitKey::Token { token_ref }) if !has_variable(token_ref) => {
                return Err(GatherError::NoVariable(token_ref.clone()));
            }
            Some(GitKey::Gitea { .. } | GitKey::Github { .. }) => return Err(GatherError::DeployKey),
            _ => {}
        }
        repo.scan_allowlist
            .as_deref()
            .map_or(Ok(()), |path| read_list(path).map(drop))
    }

    /// Reads what a repository refers to: its key, its token, the list of accepted findings.
    ///
    /// # Errors
    ///
    /// When one of them is not there or cannot be read.
    pub fn gather(
        repo: GitRepo,
        variable: impl Fn(&EnvName) -> Option<Secret>,
        agent: Option<&Path>,
    ) -> Result<Self, GatherError> {
        let credential = match &repo.key {
            None => None,
            Some(GitKey::Static { path }) => {
                check_key(path)?;
                let text = Secret::from(read_text(path, KEY_BYTES)?);
                match text.expose().contains("PRIVATE KEY-----") {
                    true => Some(GitCredential::Key(WireSecret(text))),
                    false => return Err(GatherError::NoKey { path: path.clone() }),
                }
            }
            Some(GitKey::SshAgent) => {
                let socket = agent.ok_or(GatherError::NoAgent)?;
                Some(GitCredential::Agent(socket.to_owned()))
            }
            Some(GitKey::Token { token_ref }) => {
                let value = variable(token_ref).filter(|value| !value.is_empty());
                let value = value.ok_or_else(|| GatherError::NoVariable(token_ref.clone()))?;
                Some(GitCredential::Token(WireSecret(value)))
            }
            Some(GitKey::Gitea { .. } | GitKey::Github { .. }) => return Err(GatherError::DeployKey),
        };
        let accepted = repo.scan_allowlist.as_deref().map(read_list).transpose()?;
        Ok(Self {
            repo,
            credential,
            accepted: accepted.unwrap_or_default(),
            authorities: Vec::new(),
        })
    }
}

/// A key that others of this machine may read is no credential of the bottle's owner; ssh takes none either.
fn check_key(path: &Path) -> Result<(), GatherError> {
    let opened = File::open(path).and_then(|file| file.metadata());
    let meta = opened.map_err(|why| GatherError::File {
        path: path.to_owned(),
        why,
    })?;
    match meta.permissions().mode() & 0o777 {
        mode if mode & 0o077 != 0 => Err(GatherError::KeyOfAll {
            path: path.to_owned(),
            mode,
        }),
        _ => Ok(()),
    }
}

fn read_text(path: &Path, most: u64) -> Result<String, GatherError> {
    let failed = |why| GatherError::File {
        path: path.to_owned(),
        why,
    };
    let bytes = files::read_bounded(path, most).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| failed(io::Error::other("it is no text")))
}

/// Reads lines of a rule and a file; empty ones and those that begin with `#` say nothing.
fn read_list(path: &Path) -> Result<Vec<AcceptedFinding>, GatherError> {
    let text = read_text(path, LIST_BYTES)?;
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = |(number, line): (usize, &str)| {
        let words = line.split_once(char::is_whitespace);
        let (rule, file) = words.ok_or_else(|| GatherError::List {
            path: path.to_owned(),
            line: number + 1,
        })?;
        Ok(AcceptedFinding {
            rule: rule.to_owned(),
            file: file.trim_start().to_owned(),
        })
    };
    lines.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(key: Option<GitKey>, scan_allowlist: Option<PathBuf>) -> GitRepo {
        GitRepo {
            name: "app".parse().unwrap(),
            url: "https://git.example.com/app".to_owned(),
            host_key: None,
            key,
            branches: Vec::new(),
            allow: Default::default(),
            push_options: Vec::new(),
            ci_files: Default::default(),
            scan_allowlist,
            scanners: Vec::new(),
        }
    }

    #[test]
    fn references_become_values_or_errors() {
        let folder = std::env::temp_dir();
        let name: EnvName = "TOKEN".parse().unwrap();
        let token = || {
            Some(GitKey::Token {
                token_ref: name.clone(),
            })
        };
        let gathered = RepoBoot::gather(repo(token(), None), |_| Some("t".to_owned().into()), None).unwrap();
        assert!(matches!(gathered.credential, Some(GitCredential::Token(_))));
        let missing = RepoBoot::gather(repo(token(), None), |_| None, None);
        assert!(matches!(missing, Err(GatherError::NoVariable(_))));
        let agent = RepoBoot::gather(repo(Some(GitKey::SshAgent), None), |_| None, None);
        assert!(matches!(agent, Err(GatherError::NoAgent)));
        let path = folder.join("no-such-file-of-a-test");
        let key = RepoBoot::gather(repo(Some(GitKey::Static { path }), None), |_| None, None);
        assert!(matches!(key, Err(GatherError::File { .. })));
        let forge = GitKey::Github {
            forge_token_env: name,
        };
        assert!(matches!(
            RepoBoot::gather(repo(Some(forge), None), |_| None, None),
            Err(GatherError::DeployKey)
        ));
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_none_is_refused() {
        let path = std::env::temp_dir().join(format!("key-{}", std::process::id()));
        let key = || repo(Some(GitKey::Static { path: path.clone() }), None);
        let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::write(&path, "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
        set(0o644);
        for refused in [
            RepoBoot::check(&key(), |_| true, None),
            RepoBoot::gather(key(), |_| None, None).map(drop),
        ] {
            assert!(matches!(refused, Err(GatherError::KeyOfAll { mode: 0o644, .. })));
        }
        set(0o600);
        RepoBoot::check(&key(), |_| true, None).unwrap();
        RepoBoot::gather(key(), |_| None, None).unwrap();
        std::fs::write(&path, "ssh-ed25519 AAAA\n").unwrap();
        let public = RepoBoot::gather(key(), |_| None, None);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(public, Err(GatherError::NoKey { .. })), "{public:?}");
        assert!(matches!(
            RepoBoot::check(&key(), |_| true, None),
            Err(GatherError::File { .. })
        ));
    }

    #[test]
    fn a_list_of_accepted_findings_is_read() {
        let path = std::env::temp_dir().join(format!("accepted-{}", std::process::id()));
        std::fs::write(&path, "# mine\n\naws-access-key-id  tests/a b/*\n").unwrap();
        let gathered = RepoBoot::gather(repo(None, Some(path.clone())), |_| None, None).unwrap();
        assert_eq!(gathered.accepted[0].file, "tests/a b/*");
        std::fs::write(&path, "\nrule\n").unwrap();
        let refused = RepoBoot::gather(repo(None, Some(path.clone())), |_| None, None);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(refused, Err(GatherError::List { line: 2, .. })));
    }
}
