//! A packed stream that is written in letters, decoded as it comes.

use super::hex_value;
use super::runs::base64_value;
use crate::finding::Step;

/// How far such a stream was decoded.
pub(crate) struct Letters {
    value: fn(u8) -> Option<u8>,
    bits: u32,
    word: u32,
    held: u32,
}

impl Letters {
    /// Base64, or hexadecimal digits.
    pub(crate) fn new(encoding: Step) -> Self {
        let (value, bits): (fn(u8) -> Option<u8>, u32) = match encoding {
            Step::Hex => (hex_value, 4),
            _ => (base64_value, 6),
        };
        Self {
            value,
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
            let Some(value) = (self.value)(*byte) else {
                return Some(used);
            };
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
