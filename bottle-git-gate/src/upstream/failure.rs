//! Why an upstream gave nothing, in words that tell what to do.

use crate::child::{ChildError, Done};
use crate::space::NoSpace;
use crate::text;

/// Says why an upstream gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("the upstream cannot be reached: {0}")]
    Unreachable(String),
    #[error("the upstream does not show the host key that is pinned for it: {0}")]
    HostKey(String),
    #[error("the upstream's certificate is not believed: {0}")]
    Certificate(String),
    #[error("the upstream does not accept the bottle's credential: {0}")]
    Credential(String),
    #[error("the upstream has no such repository, or does not show it: {0}")]
    NotFound(String),
    #[error("the upstream answers elsewhere, and redirects are not followed: {0}")]
    Redirect(String),
    #[error("the upstream does not go on: {0}")]
    Stalled(String),
    #[error("the disk of the gate is full")]
    Full,
    #[error(transparent)]
    NoSpace(#[from] NoSpace),
    #[error("the upstream cannot be mirrored: {0}")]
    Other(String),
}

/// Makes the failure from the line that told it.
type Meaning = fn(String) -> UpstreamError;

/// What ssh, git and curl say, and what it means; the first that fits counts.
const MEANINGS: &[(&str, Meaning)] = &[
    ("No space left on device", |_| UpstreamError::Full),
    ("Host key verification failed", UpstreamError::HostKey),
    ("No ED25519 host key is known", UpstreamError::HostKey),
    ("host key is known for", UpstreamError::HostKey),
    ("Permission denied", UpstreamError::Credential),
    ("Too many authentication failures", UpstreamError::Credential),
    ("could not read Username", UpstreamError::Credential),
    ("could not read Password", UpstreamError::Credential),
    ("Authentication failed", UpstreamError::Credential),
    ("returned error: 401", UpstreamError::Credential),
    ("returned error: 403", UpstreamError::Credential),
    ("certificate", UpstreamError::Certificate),
    (
        "unable to update url base from redirection",
        UpstreamError::Redirect,
    ),
    ("returned error: 30", UpstreamError::Redirect),
    ("Could not resolve host", UpstreamError::Unreachable),
    ("Connection refused", UpstreamError::Unreachable),
    ("Connection timed out", UpstreamError::Unreachable),
    ("Failed to connect", UpstreamError::Unreachable),
    ("Couldn't connect", UpstreamError::Unreachable),
    ("No route to host", UpstreamError::Unreachable),
    ("Network is unreachable", UpstreamError::Unreachable),
    ("Connection closed", UpstreamError::Unreachable),
    ("kex_exchange_identification", UpstreamError::Unreachable),
    ("Timeout, server", UpstreamError::Stalled),
    ("too slow", UpstreamError::Stalled),
    ("does not appear to be a git repository", UpstreamError::NotFound),
    ("repository not found", UpstreamError::NotFound),
    ("Repository not found", UpstreamError::NotFound),
    ("not found", UpstreamError::NotFound),
    ("returned error: 404", UpstreamError::NotFound),
];

/// What git adds to whatever ssh said.
fn is_said_always(line: &str) -> bool {
    [
        "Could not read from remote repository",
        "Please make sure you have the correct access rights",
        "and the repository exists.",
    ]
    .iter()
    .any(|words| line.contains(words))
}

impl UpstreamError {
    /// Reads it from what a child printed.
    pub(crate) fn of(done: &Done) -> Self {
        let lines = text::last_lines(&done.stderr, 12);
        for (words, meaning) in MEANINGS {
            if let Some(line) = lines.iter().find(|line| line.contains(words)) {
                return meaning(line.clone());
            }
        }
        let mut telling = lines.iter().rev().filter(|line| !is_said_always(line));
        let last = telling.next().or(lines.last()).cloned();
        Self::Other(last.unwrap_or_else(|| format!("git ended with {}", done.status)))
    }

    /// The name of the failure, for the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::HostKey(_) => "host-key",
            Self::Certificate(_) => "certificate",
            Self::Credential(_) => "credential",
            Self::NotFound(_) => "not-found",
            Self::Redirect(_) => "redirect",
            Self::Stalled(_) => "stalled",
            Self::Full => "disk-full",
            Self::NoSpace(_) => "no-space",
            Self::Other(_) => "upstream",
        }
    }
}

impl From<ChildError> for UpstreamError {
    fn from(error: ChildError) -> Self {
        match error {
            ChildError::Silent(_) | ChildError::TooLong(_) => Self::Stalled(error.to_string()),
            ChildError::Io(_) | ChildError::TooMuch => Self::Other(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn what_ssh_said_counts_and_not_what_git_adds() {
        let said = "No user exists for uid 7\nfatal: Could not read from remote repository.\n\n\
                    Please make sure you have the correct access rights\nand the repository exists.\n";
        let done = |stderr: &str| Done {
            status: ExitStatus::from_raw(255 << 8),
            stdout: Vec::new(),
            stderr: stderr.into(),
        };
        let other = |line: &str| UpstreamError::Other(line.to_owned());
        assert_eq!(UpstreamError::of(&done(said)), other("No user exists for uid 7"));
        let alone = "fatal: Could not read from remote repository.";
        assert_eq!(UpstreamError::of(&done(alone)), other(alone));
    }
}
