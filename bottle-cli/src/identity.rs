//! Names of running bottles, and the name of this machine in labels.

use std::path::Path;

use bottle_plan::names::{Identity, Name, NameError};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// The longest part of an agent's name that an identity keeps.
const MOST_AGENT: usize = 34;

/// Makes `<agent>-<5 base36>` out of random bytes.
///
/// # Errors
///
/// Never for an agent's valid name; the signature is the identity's grammar.
pub fn identity_for(agent: &Name, random: &[u8; 8]) -> Result<Identity, NameError> {
    let mut number = u64::from_be_bytes(*random);
    let mut suffix = String::new();
    for _ in 0..5 {
        let digit = BASE36.get((number % 36) as usize).copied().unwrap_or(b'0');
        suffix.push(char::from(digit));
        number /= 36;
    }
    let agent: String = agent.as_str().chars().take(MOST_AGENT).collect();
    format!("{}-{suffix}", agent.trim_end_matches('-')).parse()
}

/// Makes the label of a folder of bottles and their state: which of a user's bottles a command can find the state of.
pub(crate) fn home_label(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mut hash = Sha256::new_with_prefix("bottle home ");
    hash.update(folder.as_os_str().as_encoded_bytes());
    let digest = hash.finalize();
    HEXLOWER.encode(digest.get(..8).unwrap_or(&digest))
}

/// Makes the label of a machine out of its own id, which must not be shown to others (machine-id(5)).
#[must_use]
pub fn machine_label(machine_id: &str) -> String {
    let digest = Sha256::digest(format!("bottle {machine_id}"));
    HEXLOWER.encode(digest.get(..8).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_has_an_identity() {
        proptest::proptest!(|(agent in "[a-z][a-z0-9-]{0,63}", random: [u8; 8])| {
            let agent: Name = agent.parse().unwrap();
            proptest::prop_assert!(identity_for(&agent, &random).is_ok());
        });
    }

    #[test]
    fn a_home_has_one_label_by_every_path() {
        let root = tempfile::tempdir().unwrap();
        let (home, link) = (root.path().join("home"), root.path().join("link"));
        std::fs::create_dir(&home).unwrap();
        std::os::unix::fs::symlink(&home, &link).unwrap();
        assert_eq!(home_label(&home), home_label(&link));
        assert_ne!(home_label(&home), home_label(root.path()));
    }

    #[test]
    fn a_machine_label_hides_the_machine_id() {
        let label = machine_label("0123456789abcdef");
        assert_eq!(label.len(), 16);
        assert!(!label.contains("0123456789"));
    }
}
