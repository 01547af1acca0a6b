//! Secrets that are known beforehand, kept as keyed fingerprints.

mod fingerprints;
mod split;
mod variants;

use std::ops::Range;
use std::sync::Arc;

use bottle_util::Secret;
use serde::{Deserialize, Serialize};

pub(crate) use split::Trail;

use fingerprints::Fingerprints;
use split::Pieces;

/// Which parts of a known secret count as the secret.
///
/// A detector that reports short parts answers guesses: whoever may ask often enough learns the secret from it. So parts
/// count only of what the asker has anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// Whole, or any 20 characters in a row beyond the vendor's public prefix: for secrets that the guest never had.
    Long {
        /// How many bytes of the value anybody knows, such as `ghp_`.
        prefix: usize,
    },
    /// Whole, 12 characters in a row whatever separates them, or most of it in pieces near each other: for secrets that
    /// the guest was given.
    Any,
}

/// Secrets to look for, without their values.
///
/// Kept are keyed hashes of whole values and of their encodings. Of a secret of which any part counts there are hashes of
/// short pieces too: those tell the value to whoever has the key, so they are as confidential as the value.
///
/// ```
/// use bottle_scan::{KNOWN_SECRET, KnownSecrets, Parts, Scanner};
/// use bottle_util::Secret;
///
/// # fn main() -> Result<(), bottle_scan::AddError> {
/// let mut known = KnownSecrets::new([7; 32]); // from the system's random numbers
/// let token = Secret::from("tok_Zq8Xw2Lr5Vn9Kc3Bt7Hy1Md6Pf4Gs0Ja".to_owned());
/// known.add("API_TOKEN", &token, Parts::Long { prefix: 4 })?;
/// let scanner = Scanner::precise().with_known(known);
///
/// let twenty = scanner.scan(b"x=Zq8Xw2Lr5Vn9Kc3Bt7Hy").findings;
/// assert_eq!((twenty[0].rule, twenty[0].name.as_deref()), (KNOWN_SECRET, Some("API_TOKEN")));
/// assert!(scanner.scan(b"x=Zq8Xw2Lr5Vn9Kc3Bt7H").findings.is_empty()); // nineteen: no answer to a guess
/// # Ok(())
/// # }
/// ```
///
/// A set can be given to another process, which then finds the same without ever holding a value.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct KnownSecrets {
    names: Vec<Arc<str>>,
    fingerprints: Fingerprints,
    pieces: Pieces,
}

/// A set on its way to another process, without the tables that are made of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    names: Vec<String>,
    fingerprints: Fingerprints,
    pieces: Pieces,
}

impl From<Stored> for KnownSecrets {
    fn from(stored: Stored) -> Self {
        let Stored {
            names,
            mut fingerprints,
            mut pieces,
        } = stored;
        fingerprints.settle();
        pieces.settle();
        Self {
            names: names.into_iter().map(Arc::from).collect(),
            fingerprints,
            pieces,
        }
    }
}

impl From<KnownSecrets> for Stored {
    fn from(known: KnownSecrets) -> Self {
        Self {
            names: known.names.iter().map(|name| name.to_string()).collect(),
            fingerprints: known.fingerprints,
            pieces: known.pieces,
        }
    }
}

/// Why a secret cannot be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// So short a value would be found in innocent text.
    #[error("the value has less than {SHORTEST} bytes")]
    TooShort,
    /// So long a value does not fit into the window with all its encodings.
    #[error("the value has more than {LONGEST} bytes")]
    TooLong,
    /// There are as many secrets as the table holds.
    #[error("there are {MOST} secrets already")]
    TooMany,
}

/// The fewest bytes of a known secret.
const SHORTEST: usize = 8;
/// The most bytes of a known secret.
const LONGEST: usize = 2048;
/// The most known secrets.
const MOST: usize = 1024;
/// How many characters beyond its prefix stand for a whole injected token.
const LONG_PART: usize = 20;

/// Where a known secret was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) name: Arc<str>,
    pub(crate) span: Range<usize>,
}

impl KnownSecrets {
    /// Begins an empty set. The key should be random, and not be kept with what the set finds.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            names: Vec::new(),
            fingerprints: Fingerprints::new(key),
            pieces: Pieces::new(key),
        }
    }

    /// Adds a secret under a name that findings show.
    ///
    /// # Errors
    ///
    /// Fails if the value is too short or too long, or if there are too many.
    pub fn add(&mut self, name: &str, value: &Secret, parts: Parts) -> Result<(), AddError> {
        let bytes = value.expose().as_bytes();
        match bytes.len() {
            0..SHORTEST => return Err(AddError::TooShort),
            length if length > LONGEST => return Err(AddError::TooLong),
            _ if self.names.len() >= MOST => return Err(AddError::TooMany),
            _ => {}
        }
        let number = self.names.len() as u16;
        self.names.push(Arc::from(name));
        for variant in variants::of(bytes) {
            self.fingerprints.add(&variant, number);
        }
        match parts {
            Parts::Long { prefix } => {
                let beyond = bytes.get(prefix.min(bytes.len())..).unwrap_or_default();
                beyond
                    .windows(LONG_PART)
                    .for_each(|part| self.fingerprints.add(part, number));
            }
            Parts::Any => self.pieces.add(bytes, number),
        }
        self.fingerprints.settle();
        self.pieces.settle();
        Ok(())
    }

    /// Tells whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Finds what begins in a range, whole or in a long part.
    pub(crate) fn find(&self, text: &[u8], owned: Range<usize>, found: &mut Vec<Seen>) {
        let name = |number: u16| self.names.get(usize::from(number)).cloned();
        let seen =
            |number: u16, span: Range<usize>| found.extend(name(number).map(|name| Seen { name, span }));
        self.fingerprints.find(text, owned, seen);
    }

    /// Follows a stream for pieces; places are the stream's.
    pub(crate) fn follow(
        &self,
        trail: &mut Trail,
        bytes: &[u8],
        offset: u64,
        found: &mut Vec<(Arc<str>, Range<u64>)>,
    ) {
        let name = |number: u16| self.names.get(usize::from(number)).cloned();
        let seen = |number: u16, span: Range<u64>| found.extend(name(number).map(|name| (name, span)));
        self.pieces.follow(trail, bytes, offset, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scanner;

    #[test]
    fn a_set_finds_the_same_in_another_process_and_holds_no_value() {
        let value = "Zq8Xw2Lr5Vn9Kc3Bt7Hy1Md6Pf4Gs0Ja";
        let mut known = KnownSecrets::new([7; 32]);
        let secret = Secret::from(value.to_owned());
        known.add("TOKEN", &secret, Parts::Any).unwrap();
        let sent = serde_json::to_string(&known).unwrap();
        assert!(!sent.contains(value.get(..6).unwrap()), "{sent}");
        let arrived: KnownSecrets = serde_json::from_str(&sent).unwrap();
        let scanner = Scanner::new().with_known(arrived);
        // Whole, encoded, in part and in pieces.
        for text in [
            value,
            "WnE4WHcyTHI1Vm45S2MzQnQ3SHkxTWQ2UGY0R3MwSmE=",
            "x=Xw2Lr5Vn9Kc3Bt",
            "Zq8Xw2-Lr5Vn9-Kc3Bt7",
        ] {
            let findings = scanner.scan(text.as_bytes()).findings;
            assert!(
                findings.iter().any(|one| one.name.as_deref() == Some("TOKEN")),
                "{text}"
            );
        }
        assert!(scanner.scan(b"nothing of it").findings.is_empty());
    }
}
