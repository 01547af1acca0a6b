//! Escapes of JSON, JavaScript and C strings.

use std::ops::Range;

use super::{Decoded, hex_value};
use crate::finding::Step;

/// How far before its first and after its last telling escape a stretch reaches.
const BEFORE: usize = 256;
const AFTER: usize = 768;
/// The longest stretch.
const LONGEST: usize = 16_384;

/// Decodes each stretch of a line that holds, in a range, escapes of characters that need none.
///
/// Line breaks and quotes are escaped everywhere; rules know them as they are, so they alone are no reason.
pub(crate) fn escapes(text: &[u8], owned: &Range<usize>, mut found: impl FnMut(Decoded)) {
    let mut from = owned.start;
    while let Some(at) = find(text, from, owned.end) {
        from = at + 2;
        if is_telling(text, at) {
            let stretch = around(text, at);
            from = stretch.end.max(from);
            found(decode(text, stretch));
        }
    }
}

fn find(text: &[u8], from: usize, to: usize) -> Option<usize> {
    memchr::memchr(b'\\', text.get(from..to)?).map(|at| from + at)
}

/// Whether this is the escape of a printable character or of a slash.
fn is_telling(text: &[u8], at: usize) -> bool {
    match text.get(at + 1) {
        Some(b'/') => true,
        Some(b'u' | b'x' | b'0'..=b'7') => {
            escape(text, at).is_some_and(|(byte, length)| length > 2 && byte.is_ascii_graphic())
        }
        _ => false,
    }
}

/// The byte that an escape stands for, and the length of the escape; none of a character beyond ASCII.
fn escape(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let digits = |from: usize, count: usize, radix: u32| {
        let digits = text.get(at + from..at + from + count)?;
        digits.iter().try_fold(0u32, |sum, digit| {
            Some(sum * radix + char::from(*digit).to_digit(radix)?)
        })
    };
    let byte =
        |value: Option<u32>, length: usize| Some((u8::try_from(value?).ok().filter(u8::is_ascii)?, length));
    match text.get(at + 1)? {
        b'n' => Some((b'\n', 2)),
        b't' => Some((b'\t', 2)),
        b'r' => Some((b'\r', 2)),
        b'u' => byte(digits(2, 4, 16), 6),
        b'x' => byte(hex_pair(text, at + 2), 4),
        b'0'..=b'3' if digits(1, 3, 8).is_some() => byte(digits(1, 3, 8), 4),
        other @ (b'/' | b'\\' | b'"' | b'\'') => Some((*other, 2)),
        _ => None,
    }
}

fn hex_pair(text: &[u8], at: usize) -> Option<u32> {
    let [high, low] = *text.get(at..at + 2)? else {
        return None;
    };
    Some(u32::from(hex_value(high)? << 4 | hex_value(low)?))
}

fn around(text: &[u8], at: usize) -> Range<usize> {
    let before = text.get(at.saturating_sub(BEFORE)..at).unwrap_or_default();
    let start = at - before.iter().rev().take_while(|byte| **byte != b'\n').count();
    let mut last = at;
    while let Some(next) = find(text, last + 2, text.len().min(last + AFTER)) {
        if next - at > LONGEST
            || text
                .get(last..next)
                .is_some_and(|between| between.contains(&b'\n'))
        {
            break;
        }
        // Only those that tell carry the stretch on.
        last = next;
    }
    let after = text.get(last..text.len().min(last + AFTER)).unwrap_or_default();
    start..last + after.iter().take_while(|byte| **byte != b'\n').count()
}

fn decode(text: &[u8], stretch: Range<usize>) -> Decoded {
    let mut decoded = Decoded::new(Step::Escapes);
    let mut at = stretch.start;
    while at < stretch.end {
        let byte = text.get(at).copied().unwrap_or_default();
        let escaped = if byte == b'\\' { escape(text, at) } else { None };
        let (byte, length) = escaped.unwrap_or((byte, 1));
        decoded.push(byte, at);
        at += length;
    }
    decoded.ended(at)
}
