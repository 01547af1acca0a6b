//! Whether a human can be asked about a push.

use bottle_wire::supervise::PushProposal;

use crate::limits::{PROPOSAL_BYTES, PUSH_LINES};

/// Says why nobody is asked about a push.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// Nothing is held against it, or no ref moves.
    #[error("there is nothing to ask about")]
    Nothing,
    /// It is too large to be read by a human.
    #[error(
        "a push of more than {PUSH_LINES} refs, files and findings, or {PROPOSAL_BYTES} bytes of them, is more than anybody can be asked at once"
    )]
    TooMuch,
}

/// Checks that a human can read all of what is asked, for an approval lets all of it pass.
///
/// # Errors
///
/// When there is nothing or too much to read.
pub fn check_push(push: &PushProposal) -> Result<(), PushError> {
    let held = push.ci_files.len() + push.findings.len();
    if held == 0 || push.refs.is_empty() {
        return Err(PushError::Nothing);
    }
    let bytes = serde_json::to_vec(push).map_or(usize::MAX, |json| json.len());
    match held + push.refs.len() > PUSH_LINES || bytes > PROPOSAL_BYTES {
        true => Err(PushError::TooMuch),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bottle_wire::git_gate::RefChange;

    fn push(refs: usize, ci_files: &[String]) -> PushProposal {
        let change = RefChange {
            name: "refs/heads/a".to_owned(),
            old: "0".repeat(40),
            new: "1".repeat(40),
        };
        PushProposal {
            repo: "app".to_owned(),
            refs: vec![change; refs],
            ci_files: ci_files.to_vec(),
            findings: Vec::new(),
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_asked() {
        let file = "Jenkinsfile".to_owned();
        assert_eq!(check_push(&push(1, std::slice::from_ref(&file))), Ok(()));
        assert_eq!(
            check_push(&push(0, std::slice::from_ref(&file))),
            Err(PushError::Nothing)
        );
        assert_eq!(check_push(&push(1, &[])), Err(PushError::Nothing));
        let many = vec![file; PUSH_LINES];
        assert_eq!(check_push(&push(1, &many)), Err(PushError::TooMuch));
        let long = ["x".repeat(PROPOSAL_BYTES)];
        assert_eq!(check_push(&push(1, &long)), Err(PushError::TooMuch));
    }
}
