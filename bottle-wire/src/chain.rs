//! The event log as a chain: each line carries a keyed hash over itself and the hash before it.
//!
//! Whoever edits, removes or cuts lines without the key is found out by [`verify`], and the head, kept elsewhere,
//! shows a cut tail.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::event::Event;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// 1 for the first line, and one more each time.
    pub seq: u64,
    /// The event.
    pub event: Event,
    /// HMAC-SHA-256 (RFC 2104) over the hash before, the sequence number and the event's JSON; hexadecimal.
    pub hash: String,
}

/// Where a chain stands: what the next line is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The last line's sequence number; 0 for none.
    pub seq: u64,
    /// The last line's hash; empty for none.
    pub hash: String,
}

/// Says at which line a log is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A line is no event.
    #[error("line {0} is not an event")]
    NotAnEvent(usize),
    /// A line was changed, or one before it is missing.
    #[error("line {0} was changed, or lines before it were removed")]
    Broken(usize),
    /// Lines at the end are missing.
    #[error("the log ends at event {found}, and {expected} were recorded")]
    Cut {
        /// The last sequence number in the log.
        found: u64,
        /// The last sequence number recorded outside.
        expected: u64,
    },
}

impl Head {
    /// Returns the head of an empty chain.
    #[must_use]
    pub fn start() -> Self {
        Self {
            seq: 0,
            hash: String::new(),
        }
    }

    /// Binds an event to the chain and moves the head.
    ///
    /// # Errors
    ///
    /// Never for events of this crate; the signature is the serialiser's.
    pub fn append(&mut self, key: &[u8], event: Event) -> Result<Line, serde_json::Error> {
        let seq = self.seq + 1;
        let hash = link(key, &self.hash, seq, &event)?;
        *self = Self {
            seq,
            hash: hash.clone(),
        };
        Ok(Line { seq, event, hash })
    }
}

/// Checks a whole log, from its first line, against the head kept outside; returns the number of lines.
///
/// # Errors
///
/// The first line that is not what was written.
pub fn verify<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    key: &[u8],
    expected: &Head,
) -> Result<u64, ChainError> {
    let mut head = Head::start();
    for (number, text) in (1..).zip(lines) {
        let line: Line = serde_json::from_str(text).map_err(|_| ChainError::NotAnEvent(number))?;
        let bound = head
            .append(key, line.event.clone())
            .map_err(|_| ChainError::NotAnEvent(number))?;
        if bound != line {
            return Err(ChainError::Broken(number));
        }
    }
    if head.seq < expected.seq || (head.seq == expected.seq && head.hash != expected.hash) {
        return Err(ChainError::Cut {
            found: head.seq,
            expected: expected.seq,
        });
    }
    Ok(head.seq)
}

fn link(key: &[u8], before: &str, seq: u64, event: &Event) -> Result<String, serde_json::Error> {
    // A key of any length is allowed, so this cannot fail; an empty chain would be the closed answer if it did.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Ok(String::new());
    };
    mac.update(before.as_bytes());
    mac.update(&seq.to_be_bytes());
    mac.update(&serde_json::to_vec(event)?);
    Ok(HEXLOWER.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::What;
    use bottle_plan::door::Door;

    fn log(count: u64) -> (Vec<String>, Head) {
        let mut head = Head::start();
        let event = |time| Event {
            time,
            door: Door::Egress,
            what: What::Opened,
        };
        let lines = (0..count)
            .map(|n| serde_json::to_string(&head.append(b"k", event(n)).unwrap()).unwrap())
            .collect();
        (lines, head)
    }

    fn check(lines: &[String], head: &Head) -> Result<u64, ChainError> {
        verify(lines.iter().map(String::as_str), b"k", head)
    }

    #[test]
    fn an_untouched_log_verifies() {
        let (lines, head) = log(5);
        assert_eq!(check(&lines, &head), Ok(5));
    }

    #[test]
    fn an_edited_removed_or_cut_line_is_reported_by_number() {
        let (lines, head) = log(5);
        let mut edited = lines.clone();
        edited[2] = edited[2].replace("\"time\":2", "\"time\":9");
        assert_eq!(check(&edited, &head), Err(ChainError::Broken(3)));
        let mut removed = lines.clone();
        removed.remove(1);
        assert_eq!(check(&removed, &head), Err(ChainError::Broken(2)));
        assert_eq!(
            check(&lines[..3], &head),
            Err(ChainError::Cut {
                found: 3,
                expected: 5
            })
        );
        assert!(verify(lines.iter().map(String::as_str), b"other", &head).is_err());
    }
}
