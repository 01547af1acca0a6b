//! The way from a door to a human.

use async_trait::async_trait;

use super::{AskError, Asked, Proposal};

/// Whoever brings a door's questions before a human.
#[async_trait]
pub trait Ask: std::fmt::Debug + Send + Sync {
    /// Puts a question, or finds the one that was put before about exactly the same, and returns how it stands now. It
    /// never waits for the human: whatever is not approved is a no.
    async fn ask(&self, proposal: Proposal) -> Result<Asked, AskError>;
}

/// Nobody is there: no question is taken, which is a no.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyAnswers;

#[async_trait]
impl Ask for NobodyAnswers {
    async fn ask(&self, _proposal: Proposal) -> Result<Asked, AskError> {
        Err(AskError::Unavailable("nobody watches".to_owned()))
    }
}
