//! Whose text an agent's prompt is.

use std::path::PathBuf;

use bottle_document::Source;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Where an agent's file came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentOrigin {
    /// The user's own agents.
    Home,
    /// The repository in the working directory, which is hostile text until somebody has read it.
    Repository {
        /// The SHA-256 of the file, in lower-case hexadecimal digits.
        sha256: String,
    },
}

/// Why a repository's agent may not start unasked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrustError {
    /// Nobody said that this text was read.
    #[error("{path} comes from a repository and nobody confirmed it", path = .path.display())]
    Unconfirmed {
        /// The agent's file.
        path: PathBuf,
        /// Its hash.
        sha256: String,
    },
    /// Another text was read than the one that is there now.
    #[error("{path} is not the text that was confirmed", path = .path.display())]
    Changed {
        /// The agent's file.
        path: PathBuf,
        /// Its hash now.
        sha256: String,
    },
}

impl AgentOrigin {
    pub(crate) fn of_repository(source: &Source) -> Self {
        Self::Repository {
            sha256: HEXLOWER.encode(&Sha256::digest(source.text().as_bytes())),
        }
    }

    /// Checks the hash that a user gave to start without being asked; the user's own agents need none.
    ///
    /// # Errors
    /// [`TrustError`] when a repository's agent has another hash, or none was given.
    pub fn check_trust(&self, path: &std::path::Path, given: Option<&str>) -> Result<(), TrustError> {
        let Self::Repository { sha256 } = self else {
            return Ok(());
        };
        let (path, sha256) = (path.to_owned(), sha256.clone());
        match given {
            Some(given) if given.eq_ignore_ascii_case(&sha256) => Ok(()),
            Some(_) => Err(TrustError::Changed { path, sha256 }),
            None => Err(TrustError::Unconfirmed { path, sha256 }),
        }
    }
}

impl TrustError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let (Self::Unconfirmed { sha256, .. } | Self::Changed { sha256, .. }) = self;
        Some(format!("read the file, then pass `--trust-agent {sha256}`"))
    }
}
