//! Base64, base32 and hexadecimal: long runs of their letters, decoded where what comes out is text.

use std::ops::Range;

use super::Decoded;
use super::alphabets::{BASE32, BASE64, HEX, INVALID, is_letter, value_of};
use crate::finding::Step;
use crate::unpack;

/// The shortest run that is looked at; no secret of twelve bytes fits into less.
const SHORTEST: usize = 24;
/// A line of at least this many letters may go on in the next one.
const WRAPPED: usize = 40;
/// The most decoded bytes that are looked at for a packed stream's head.
const HEAD: usize = 4096;

/// A run that begins like a packed stream.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) step: Step,
    pub(crate) at: usize,
    pub(crate) head: Vec<u8>,
}

/// The letters of a run, with their places; what wraps lines is left out.
struct Run {
    letters: Vec<u8>,
    places: Vec<u32>,
    end: usize,
}

/// Decodes the runs that reach into a range.
pub(crate) fn runs(
    text: &[u8],
    owned: &Range<usize>,
    mut found: impl FnMut(Decoded),
    mut packed: impl FnMut(Packed),
) {
    let mut scratch = Scratch::default();
    let mut from = owned.start;
    // A run may have begun before.
    let before = text.get(..from).unwrap_or_default();
    from -= before.iter().rev().take_while(|byte| is_letter(**byte)).count();
    while let Some(start) = next_run(text, from, owned.end) {
        let run = Run::collect(text, start);
        from = run.end.max(start + 1);
        if run.end <= owned.start {
            continue;
        }
        // At the window's first byte a run may have begun before it, unless the window is the stream's first.
        if owned.contains(&start) && (start > 0 || owned.start == 0) {
            run.sniff(&mut packed);
        }
        // Rulers and padding are runs too.
        if run
            .letters
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a == b))
        {
            continue;
        }
        for alignment in &ALIGNMENTS {
            run.decode(alignment, &mut scratch, &mut found);
        }
    }
}

/// The next place at or after `from` where a run of at least [`SHORTEST`] begins; it begins before `to`.
fn next_run(text: &[u8], mut from: usize, to: usize) -> Option<usize> {
    while from < to {
        from = skip(text, from);
        // Whatever run begins here, or soon, would cover this place: so only every so many bytes are looked at.
        let window = text.get(from..from + SHORTEST)?;
        match window.iter().rposition(|byte| !is_letter(*byte)) {
            Some(last) => from += last + 1,
            None => return Some(from).filter(|start| *start < to),
        }
    }
    None
}

/// The first place at or after `from` where a run may begin, from a look that takes many bytes at a time: a run covers
/// two words in a row, wherever it begins.
fn skip(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let mut before = 0;
    for (number, chunk) in rest.as_chunks::<64>().0.iter().enumerate() {
        let words = chunk.as_chunks::<8>().0;
        let bit = |(place, word): (usize, &[u8; 8])| u32::from(may_be_letters(*word)) << (place + 1);
        // Bit 0 is the last word of the chunk before.
        let seen = before | words.iter().enumerate().map(bit).fold(0, |seen, bit| seen | bit);
        let pairs = seen & seen >> 1;
        if pairs != 0 {
            let first = from + number * 64 + pairs.trailing_zeros() as usize * 8;
            // The run began within the word before the first that it covers.
            return first.saturating_sub(15).max(from);
        }
        before = seen >> 8;
    }
    let whole = rest.len() & !63;
    (from + whole).saturating_sub(15).max(from)
}

/// Whether none of eight bytes lies below or above all letters.
#[inline(always)]
fn may_be_letters(word: [u8; 8]) -> bool {
    let word = u64::from_le_bytes(word);
    const LOWEST: u64 = 0x80 - b'+' as u64;
    word.wrapping_add(0x0101_0101_0101_0101 * LOWEST) & !word & HIGH == HIGH
}

/// The highest bit of each byte of a word.
const HIGH: u64 = 0x8080_8080_8080_8080;

impl Run {
    fn collect(text: &[u8], start: usize) -> Self {
        let mut run = Self {
            letters: Vec::new(),
            places: Vec::new(),
            end: start,
        };
        loop {
            let line = text.get(run.end..).unwrap_or_default();
            let length = line.iter().take_while(|byte| is_letter(**byte)).count();
            run.letters.extend(line.iter().take(length));
            run.places.extend((run.end as u32..).take(length));
            run.end += length;
            let breaks = line.get(length..).map_or(0, line_break);
            if length < WRAPPED
                || breaks == 0
                || !text.get(run.end + breaks).is_some_and(|byte| is_letter(*byte))
            {
                return run;
            }
            run.end += breaks;
        }
    }

    fn place(&self, letter: usize) -> usize {
        self.places.get(letter).map_or(self.end, |place| *place as usize)
    }

    /// Reports a run that begins like a packed stream.
    fn sniff(&self, packed: &mut impl FnMut(Packed)) {
        let (Some(first), at) = (self.letters.get(..8), self.place(0)) else {
            return;
        };
        let mut head = Vec::new();
        if matches!(
            first,
            [b'H', b'4', b's', ..] | [b'K', b'L', b'U', ..] | [b'U', b'E', b's', ..] | [b'e', ..]
        ) {
            Bits::new(6, &BASE64).decode(&self.letters, HEAD, |byte, _| head.push(byte));
            if unpack::opens(&head, true) {
                packed(Packed {
                    step: Step::Base64,
                    at,
                    head,
                });
            }
        } else if matches!(
            first,
            [b'1', b'f', b'8', b'b', ..] | [b'2', b'8', b'b', b'5', ..] | [b'5', b'0', b'4', b'b', ..]
        ) {
            Bits::new(4, &HEX).decode(&self.letters, HEAD, |byte, _| head.push(byte));
            if unpack::opens(&head, false) {
                packed(Packed {
                    step: Step::Hex,
                    at,
                    head,
                });
            }
        }
    }

    /// Decodes from each place at which some groups in a row are ASCII, to the end of the run.
    fn decode(&self, alignment: &Alignment, scratch: &mut Scratch, found: &mut impl FnMut(Decoded)) {
        scratch.judge(alignment, &self.letters);
        let size = alignment.masks.len();
        // How far each alignment was decoded; no encoding has more.
        let mut done = [0; 8];
        for first in memchr::memchr_iter(0, &scratch.bad) {
            if let Some(done) = done.get_mut(first % size).filter(|done| **done <= first) {
                let (decoded, used) = self.decode_from(alignment, first);
                found(decoded);
                *done = first + used.next_multiple_of(size).max(size);
            }
        }
    }

    fn decode_from(&self, alignment: &Alignment, first: usize) -> (Decoded, usize) {
        let mut decoded = Decoded::new(alignment.step.clone());
        let letters = self.letters.get(first..).unwrap_or_default();
        let used = Bits::new(alignment.bits, alignment.values).decode(letters, usize::MAX, |byte, letter| {
            decoded.push(byte, self.place(first + letter));
        });
        (decoded.ended(self.place(first + used)), used)
    }
}

/// How letters of an encoding group into bytes.
struct Alignment {
    step: Step,
    bits: u32,
    /// The bits of each letter of a group that are the highest of a byte; and that it is a letter at all.
    masks: &'static [u8],
    /// How many groups in a row must be ASCII.
    groups: usize,
    values: &'static [u8; 256],
}

static ALIGNMENTS: [Alignment; 3] = [
    Alignment {
        step: Step::Base64,
        bits: 6,
        masks: &[0b10_0000, 0b00_1000, 0b00_0010, 0],
        groups: 4,
        values: &BASE64,
    },
    Alignment {
        step: Step::Hex,
        bits: 4,
        masks: &[0b1000 | INVALID, INVALID],
        groups: 12,
        values: &HEX,
    },
    Alignment {
        step: Step::Base32,
        bits: 5,
        masks: &[
            0b1_0000 | INVALID,
            0b0_0010 | INVALID,
            INVALID,
            0b0_1000 | INVALID,
            0b0_0001 | INVALID,
            INVALID,
            0b0_0100 | INVALID,
            INVALID,
        ],
        groups: 3,
        values: &BASE32,
    },
];

/// Memory that one run after the other uses.
#[derive(Default)]
struct Scratch {
    values: Vec<u8>,
    /// For each letter 0 if enough groups in a row are ASCII that begin with it.
    bad: Vec<u8>,
    group: Vec<u8>,
}

impl Scratch {
    /// Says where text may begin. All places are judged alike, without a branch, so that compilers take many at a time.
    fn judge(&mut self, alignment: &Alignment, letters: &[u8]) {
        let Self { values, bad, group } = self;
        values.clear();
        values.extend(letters.iter().map(|letter| value_of(alignment.values, *letter)));
        group.clear();
        group.resize((letters.len() + 1).saturating_sub(alignment.masks.len()), 0);
        for (number, mask) in alignment.masks.iter().enumerate().filter(|(_, mask)| **mask != 0) {
            let values = values.get(number..).unwrap_or_default();
            group
                .iter_mut()
                .zip(values)
                .for_each(|(bad, value)| *bad |= value & mask);
        }
        let before_last = (alignment.groups - 1) * alignment.masks.len();
        bad.clear();
        bad.resize(group.len().saturating_sub(before_last), 0);
        for number in 0..alignment.groups {
            let group = group.get(number * alignment.masks.len()..).unwrap_or_default();
            bad.iter_mut().zip(group).for_each(|(bad, group)| *bad |= group);
        }
    }
}

/// Puts the values of letters together to bytes.
struct Bits<'v> {
    bits: u32,
    values: &'v [u8; 256],
}

impl<'v> Bits<'v> {
    fn new(bits: u32, values: &'v [u8; 256]) -> Self {
        Self { bits, values }
    }

    /// Hands over each byte with the number of the letter that it begins in; returns how many letters were used.
    fn decode(&self, letters: &[u8], most: usize, mut push: impl FnMut(u8, usize)) -> usize {
        let (mut word, mut held, mut count) = (0u32, 0, 0);
        for (number, letter) in letters.iter().enumerate() {
            let value = value_of(self.values, *letter);
            if value == INVALID || count >= most {
                return number;
            }
            word = word << self.bits | u32::from(value);
            held += self.bits;
            if held >= 8 {
                held -= 8;
                let begin = (number * self.bits as usize + self.bits as usize - held as usize - 8)
                    / self.bits as usize;
                push((word >> held) as u8, begin);
                count += 1;
            }
        }
        letters.len()
    }
}

/// The length of a line break, also one that is escaped, and of the indentation after it; 0 if there is none.
fn line_break(text: &[u8]) -> usize {
    let length = match text {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        [b'\\', b'r', b'\\', b'n', ..] => 4,
        [b'\\', b'n', ..] => 2,
        _ => return 0,
    };
    let indentation = text
        .iter()
        .skip(length)
        .take(32)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    length + indentation
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every_run(text: &[u8]) -> Vec<usize> {
        let starts = (0..text.len()).filter(|at| *at == 0 || !is_letter(text[at - 1]));
        let is_run = |at: &usize| text[*at..].iter().take_while(|byte| is_letter(**byte)).count() >= SHORTEST;
        starts.filter(is_run).collect()
    }

    proptest! {
        #[test]
        fn every_long_enough_run_is_come_by(lengths in prop::collection::vec((0..60usize, "[ .\u{e9}*]"), 0..12)) {
            let words = lengths.iter().map(|(length, gap)| "kR7+/-_=x".chars().cycle().take(*length).collect::<String>() + gap);
            let text: String = words.collect();
            let text = text.replace('=', "a").into_bytes();
            let (mut seen, mut from) = (Vec::new(), 0);
            while let Some(start) = next_run(&text, from, text.len()) {
                seen.push(start);
                from = start + text[start..].iter().take_while(|byte| is_letter(**byte)).count();
            }
            prop_assert_eq!(seen, every_run(&text));
        }
    }
}
