//! Text in text: what may be encoded is found, decoded, and keeps the way back to where it came from.

mod alphabets;
mod escapes;
mod letters;
mod percent;
mod runs;

pub(crate) use escapes::escapes;
pub(crate) use letters::Letters;
pub(crate) use percent::percent;
pub(crate) use runs::{Packed, runs};

use crate::finding::Step;

/// A text that was decoded.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) step: Step,
    pub(crate) bytes: Vec<u8>,
    /// For each byte the place of the encoded text that it begins at, and after them that of the end.
    pub(crate) origin: Vec<u32>,
}

impl Decoded {
    fn new(step: Step) -> Self {
        Self {
            step,
            bytes: Vec::new(),
            origin: Vec::new(),
        }
    }

    fn push(&mut self, byte: u8, origin: usize) {
        self.bytes.push(byte);
        self.origin.push(origin as u32);
    }

    /// Says where the encoded text ends.
    fn ended(mut self, end: usize) -> Self {
        self.origin.push(end as u32);
        self
    }

    /// The place of the encoded text where a decoded place lies.
    pub(crate) fn place(&self, at: usize) -> usize {
        let last = self.origin.last().copied().unwrap_or_default();
        self.origin.get(at).copied().unwrap_or(last) as usize
    }
}

/// The value of a hexadecimal digit.
fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}
