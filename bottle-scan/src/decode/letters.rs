//! A packed stream that is written in letters, decoded as it comes.

use super::alphabets::{BASE64, HEX, INVALID, value_of};
use crate::finding::Step;

/// How far such a stream was decoded.
pub(crate) struct Letters {
    values: &'static [u8; 256],
    bits: u32,
    word: u32,
    held: u32,
}

impl Letters {
    /// Base64, or hexadecimal digits.
    pub(crate) fn new(encoding: &Step) -> Self {
        let (values, bits) = match encoding {
            Step::Hex => (&HEX, 4),
            _ => (&BASE64, 6),
        };
        Self {
            values,
            bits,
            word: 0,
            held: 0,
        }
    }

    /// Decodes on; returns what was used if something ends the stream that is no letter and wraps no line.
    pub(crate) fn decode(&mut self, bytes: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
        let mut after_backslash = false;
        for (used, byte) in bytes.iter().enumerate() {
            let is_escape = after_backslash && matches!(byte, b'n' | b'r');
            after_backslash = *byte == b'\\';
            if is_escape || matches!(byte, b'\n' | b'\r' | b' ' | b'\t' | b'\\') {
                continue;
            }
            let value = value_of(self.values, *byte);
            if value == INVALID {
                return Some(used);
            }
            self.word = self.word << self.bits | u32::from(value);
            self.held += self.bits;
            if self.held >= 8 {
                self.held -= 8;
                decoded.push((self.word >> self.held) as u8);
            }
        }
        None
    }
}
