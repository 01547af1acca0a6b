//! Percent escapes.

use std::ops::Range;

use super::{Decoded, hex_value};
use crate::finding::Step;

/// How far around an escape text is decoded.
const REACH: usize = 4096;

/// Decodes each stretch of text without spaces and quotes that holds the escape of a printable character in a range.
pub(crate) fn percent(text: &[u8], owned: &Range<usize>, mut found: impl FnMut(Decoded)) {
    let mut from = owned.start;
    while let Some(at) = find(text, from, owned.end) {
        from = at + 1;
        if escape(text, at).is_some_and(|byte| byte.is_ascii_graphic()) {
            let stretch = around(text, at);
            from = stretch.end.max(from);
            found(decode(text, stretch));
        }
    }
}

fn find(text: &[u8], from: usize, to: usize) -> Option<usize> {
    memchr::memchr(b'%', text.get(from..to)?).map(|at| from + at)
}

fn escape(text: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = *text.get(at..at + 3)? else {
        return None;
    };
    Some(hex_value(high)? << 4 | hex_value(low)?)
}

fn around(text: &[u8], at: usize) -> Range<usize> {
    let stays = |byte: &&u8| byte.is_ascii_graphic() && !b"\"'<>\\`".contains(byte);
    let before = text.get(at.saturating_sub(REACH)..at).unwrap_or_default();
    let after = text.get(at..text.len().min(at + REACH)).unwrap_or_default();
    let start = at - before.iter().rev().take_while(stays).count();
    start..at + after.iter().take_while(stays).count()
}

fn decode(text: &[u8], stretch: Range<usize>) -> Decoded {
    let mut decoded = Decoded::new(Step::Percent);
    let mut at = stretch.start;
    while at < stretch.end {
        let byte = text.get(at).copied().unwrap_or_default();
        let escaped = if byte == b'%' { escape(text, at) } else { None };
        decoded.push(escaped.unwrap_or(byte), at);
        at += if escaped.is_some() { 3 } else { 1 };
    }
    decoded.ended(at)
}
