//! Finds keywords: at every position three folded bytes are looked up in a small table.
//!
//! Each keyword is entered by those three of its bytes in a row that are rarest in text. Building the table takes
//! microseconds, and it fits into the first-level cache. It has a byte where a bit would do: picking bits out costs more
//! than what a smaller table lets through.

use std::ops::Range;

/// Bits of the table's index.
const INDEX_BITS: u32 = 15;
/// Entries of the table.
const ENTRIES: usize = 1 << INDEX_BITS;
/// Indices in a group of pieces, as a power of two.
const GROUP_SHIFT: u32 = 2;
/// Folds eight letters to lower case, and some punctuation to other punctuation.
const FOLD: u64 = 0x2020_2020_2020_2020;
/// The bytes of a piece.
const PIECE: usize = 3;

/// Where a keyword begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) at: usize,
    pub(crate) keyword: u16,
}

/// Finds all of a set of keywords, in any case.
#[derive(Debug)]
pub(crate) struct Prefilter {
    /// 1 where a piece may stand.
    table: Box<[u8; ENTRIES]>,
    /// For each entry which bytes may stand before and after its pieces; most that stand there may not.
    around: Box<[Around; ENTRIES]>,
    /// What may stand where a piece was seen, sorted by index.
    pieces: Box<[Piece]>,
    /// Where the pieces of each group of indices begin.
    groups: Box<[u32]>,
    keywords: Box<[Box<[u8]>]>,
}

/// The low three bits of bytes, each as one bit.
#[derive(Debug, Clone, Copy, Default)]
struct Around {
    before: u8,
    after: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    index: u32,
    keyword: u16,
    /// How far into the keyword the piece lies.
    offset: u8,
}

/// A text and the part of it in which keywords begin.
struct Search<'s> {
    text: &'s [u8],
    owned: Range<usize>,
}

impl Prefilter {
    /// Takes keywords of three bytes or more; what is shorter, or stands after the first 65,536, is never found.
    pub(crate) fn new<'k>(keywords: impl IntoIterator<Item = &'k [u8]>) -> Self {
        let fold = |keyword: &[u8]| keyword.iter().map(|byte| byte | 0x20).collect();
        let keywords: Box<[Box<[u8]>]> = keywords.into_iter().map(fold).collect();
        let mut pieces: Box<[Piece]> = keywords
            .iter()
            .zip(0u16..)
            .filter_map(|(keyword, number)| piece_of(keyword, number))
            .collect();
        pieces.sort_unstable();
        let mut table = Box::new([0; ENTRIES]);
        let mut around = Box::new([Around::default(); ENTRIES]);
        for piece in &pieces {
            let index = piece.index as usize;
            if let (Some(entry), Some(around)) = (table.get_mut(index), around.get_mut(index)) {
                *entry = 1;
                around.add(
                    piece,
                    keywords
                        .get(usize::from(piece.keyword))
                        .map_or(&[][..], |keyword| keyword),
                );
            }
        }
        let groups = (0..=(1u32 << (INDEX_BITS - GROUP_SHIFT)))
            .map(|group| pieces.partition_point(|piece| piece.index < group << GROUP_SHIFT) as u32)
            .collect();
        Self {
            table,
            around,
            pieces,
            groups,
            keywords,
        }
    }

    /// Adds all keywords that begin within `owned`; they may end after it.
    pub(crate) fn find(&self, text: &[u8], owned: Range<usize>, hits: &mut Vec<Hit>) {
        let begin = owned.start;
        // A piece lies up to 255 bytes into its keyword.
        let end = text.len().min(owned.end.saturating_add(256));
        let bytes = text.get(begin..end).unwrap_or_default();
        let search = Search { text, owned };
        let words = bytes.as_chunks::<8>().0;
        for (number, pair) in words.array_windows::<2>().enumerate() {
            let (low, high) = (
                u64::from_le_bytes(pair[0]) | FOLD,
                u64::from_le_bytes(pair[1]) | FOLD,
            );
            let mut seen = self.seen(low) | self.seen(low >> 8) << 1 | self.seen(low >> 16) << 2;
            seen |= self.seen(low >> 24) << 3 | self.seen(low >> 32) << 4 | self.seen(low >> 40) << 5;
            seen |= self.seen(low >> 48 | high << 16) << 6 | self.seen(low >> 56 | high << 8) << 7;
            while seen != 0 {
                self.verify(&search, begin + number * 8 + seen.trailing_zeros() as usize, hits);
                seen &= seen - 1;
            }
        }
        // The last whole word has no next one.
        let rest = begin + words.len().saturating_sub(1) * 8;
        (rest..end).for_each(|at| self.verify(&search, at, hits));
    }

    /// Whether the lowest three bytes may be a piece.
    #[inline(always)]
    fn seen(&self, word: u64) -> u32 {
        let entry = self.table.get(index_of(word as u32) as usize);
        u32::from(entry.copied().unwrap_or_default())
    }

    #[inline(never)]
    fn verify(&self, search: &Search<'_>, at: usize, hits: &mut Vec<Hit>) {
        let Some([a, b, c]) = search.text.get(at..).and_then(<[u8]>::first_chunk::<PIECE>) else {
            return;
        };
        let index = index_of(u32::from_le_bytes([*a, *b, *c, 0]) | FOLD as u32);
        let around = self.around.get(index as usize).copied().unwrap_or_default();
        let before = at.checked_sub(1).and_then(|before| search.text.get(before));
        if !around.allows(before, search.text.get(at + PIECE)) {
            return;
        }
        let group = (index >> GROUP_SHIFT) as usize;
        let bound = |group: usize| self.groups.get(group).copied().unwrap_or_default() as usize;
        let pieces = self
            .pieces
            .get(bound(group)..bound(group + 1))
            .unwrap_or_default();
        for piece in pieces.iter().filter(|piece| piece.index == index) {
            let keyword = self
                .keywords
                .get(usize::from(piece.keyword))
                .map_or(&[][..], |keyword| keyword);
            let Some(start) = at.checked_sub(usize::from(piece.offset)) else {
                continue;
            };
            let found = search.text.get(start..start + keyword.len());
            let same = |found: &[u8]| found.iter().zip(keyword).all(|(a, b)| a | 0x20 == *b);
            if search.owned.contains(&start) && found.is_some_and(same) {
                hits.push(Hit {
                    at: start,
                    keyword: piece.keyword,
                });
            }
        }
    }
}

impl Around {
    fn add(&mut self, piece: &Piece, keyword: &[u8]) {
        let offset = usize::from(piece.offset);
        let before = offset.checked_sub(1).and_then(|before| keyword.get(before));
        // Where the keyword ends with the piece, anything goes.
        self.before |= before.map_or(u8::MAX, bit_of);
        self.after |= keyword.get(offset + PIECE).map_or(u8::MAX, bit_of);
    }

    #[inline(always)]
    fn allows(self, before: Option<&u8>, after: Option<&u8>) -> bool {
        self.before & before.map_or(u8::MAX, bit_of) != 0 && self.after & after.map_or(u8::MAX, bit_of) != 0
    }
}

/// The bit of a byte's low three bits, which folding leaves alone.
#[inline(always)]
fn bit_of(byte: &u8) -> u8 {
    1 << (byte & 7)
}

/// Spreads the lowest three bytes over the table.
#[inline(always)]
fn index_of(word: u32) -> u32 {
    (word << 8).wrapping_mul(0x9e37_79b1) >> (32 - INDEX_BITS)
}

/// The rarest piece of a keyword.
fn piece_of(keyword: &[u8], number: u16) -> Option<Piece> {
    let cost = |(_, piece): &(u8, &[u8])| piece.iter().map(|byte| commonness(*byte)).sum::<u32>();
    let (offset, piece) = (0..=200).zip(keyword.windows(PIECE)).min_by_key(cost)?;
    let piece = piece.first_chunk::<PIECE>()?;
    Some(Piece {
        index: index_of(u32::from_le_bytes([piece[0], piece[1], piece[2], 0])),
        keyword: number,
        offset,
    })
}

/// How common a folded byte is in code and prose, as a rough logarithm.
fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'i' | b'n' | b'o' | b's' | b'r' | b' ' => 8,
        b'l' | b'c' | b'd' | b'u' | b'p' | b'm' | b'f' | b'h' => 7,
        b'g' | b'b' | b'y' | b'/' | b'.' | b'-' | b':' | b'=' | 0x7f => 6,
        b'v' | b'w' | b'x' | b'0' | b'1' | b'2' => 5,
        b'k' | b'3'..=b'9' => 4,
        b'j' | b'q' | b'z' => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keywords: &[&str], text: &str, expected: &[(usize, u16)]) {
        let prefilter = Prefilter::new(keywords.iter().map(|keyword| keyword.as_bytes()));
        for shift in 0..17 {
            let shifted = format!("{}{text}", " ".repeat(shift));
            let mut hits = Vec::new();
            prefilter.find(shifted.as_bytes(), 0..shifted.len(), &mut hits);
            hits.sort_unstable();
            let found: Vec<_> = hits.iter().map(|hit| (hit.at - shift, hit.keyword)).collect();
            assert_eq!(found, expected, "shifted by {shift}");
        }
    }

    #[test]
    fn a_keyword_is_found_wherever_it_stands() {
        check(&["ghp_"], "ghp_", &[(0, 0)]);
        check(&["ghp_", "hp_x"], "a ghp_xyz", &[(2, 0), (3, 1)]);
    }

    #[test]
    fn three_bytes_are_enough() {
        check(&["SG."], "xSG.", &[(1, 0)]);
        check(&["SG."], "SG.a SG.", &[(0, 0), (5, 0)]);
    }

    #[test]
    fn case_does_not_matter() {
        check(&["heroku"], "Heroku HEROKU heroku", &[(0, 0), (7, 0), (14, 0)]);
    }

    #[test]
    fn a_long_keyword_is_found_at_the_end() {
        check(
            &["-----begin private key-----"],
            "-----BEGIN PRIVATE KEY-----",
            &[(0, 0)],
        );
    }

    #[test]
    fn only_what_begins_in_the_range_counts() {
        let prefilter = Prefilter::new([b"token".as_slice()]);
        let mut hits = Vec::new();
        prefilter.find(b"token token token", 1..7, &mut hits);
        assert_eq!(hits, [Hit { at: 6, keyword: 0 }]);
    }
}
