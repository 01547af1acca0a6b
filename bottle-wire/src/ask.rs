//! Questions that a door asks a human: what exactly is asked, and what the answers are.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::git_gate::RefChange;

/// What a human is asked to let pass. An answer is for exactly this content: see [`Proposal::hash`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Proposal {
    /// A push that needs a human's eyes.
    Push {
        /// The repository.
        repo: String,
        /// Which refs move from where to where: the new objects name all content.
        refs: Vec<RefChange>,
        /// Changed files that make an upstream run something.
        ci_files: Vec<String>,
        /// Findings beside a comment that says to ignore them: rule, file, line and the masked value.
        findings: Vec<String>,
    },
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// A human said yes to exactly this content.
    Approved {
        /// Why.
        reason: String,
    },
    /// A human said no.
    Rejected {
        /// Why.
        reason: String,
    },
    /// Nobody has answered. That is a no until somebody does.
    Pending {
        /// The question's id.
        id: String,
    },
}

/// Whoever brings questions before a human.
pub trait Ask: std::fmt::Debug + Send + Sync {
    /// Returns the answer that there is now, and keeps the question if there is none. It never waits.
    fn ask(&self, proposal: &Proposal) -> Answer;
}

/// Nobody is there: every question stays open, which is a no.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyAnswers;

impl Ask for NobodyAnswers {
    fn ask(&self, proposal: &Proposal) -> Answer {
        Answer::Pending { id: proposal.id() }
    }
}

impl Proposal {
    /// Returns the SHA-256 of the proposal's JSON, hexadecimal: an answer names it, and other content needs another.
    #[must_use]
    pub fn hash(&self) -> String {
        // Plain data of this crate's always has a JSON form; an empty one would equal no proposal's.
        let json = serde_json::to_vec(self).unwrap_or_default();
        HEXLOWER.encode(&Sha256::digest(json))
    }

    /// Returns the first twelve digits of the hash: short enough to be typed.
    #[must_use]
    pub fn id(&self) -> String {
        self.hash().chars().take(12).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(new: &str, file: &str) -> Proposal {
        Proposal::Push {
            repo: "app".to_owned(),
            refs: vec![RefChange {
                name: "refs/heads/a".to_owned(),
                old: "0".repeat(40),
                new: new.repeat(40),
            }],
            ci_files: vec![file.to_owned()],
            findings: Vec::new(),
        }
    }

    #[test]
    fn other_content_is_another_question() {
        let proposal = push("1", "Jenkinsfile");
        assert_eq!(proposal.hash(), push("1", "Jenkinsfile").hash());
        assert_ne!(proposal.hash(), push("2", "Jenkinsfile").hash());
        assert_ne!(proposal.hash(), push("1", "Makefile").hash());
    }

    #[test]
    fn nobody_says_yes() {
        let proposal = push("1", "Jenkinsfile");
        let id = proposal.id();
        assert_eq!(id.len(), 12);
        assert_eq!(NobodyAnswers.ask(&proposal), Answer::Pending { id });
    }
}
