//! Finds keywords: every second position is looked up in a small bitmap of folded three-byte pieces.
//!
//! A keyword gives two neighbouring pieces, so that one of them lies on a looked-up position wherever the keyword
//! stands. The pieces are chosen to be rare in text. Building it takes microseconds and no memory to speak of.

/// Bits of the filter's index; the bitmap takes half the first-level cache at most.
const INDEX_BITS: u32 = 16;

/// Where a keyword begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) at: usize,
    pub(crate) keyword: u16,
}

/// Finds all of a set of keywords, in any case.
#[derive(Debug)]
pub(crate) struct Prefilter {
    bitmap: Box<[u64]>,
    /// What may stand where a piece was seen, sorted by index.
    pieces: Box<[Piece]>,
    /// Where the pieces of each group of indices begin.
    groups: Box<[u32]>,
    keywords: Box<[Box<[u8]>]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    index: u32,
    keyword: u16,
    /// How far into the keyword the piece lies.
    offset: u8,
}

/// Indices per entry of the table of groups.
const GROUP_SHIFT: u32 = 4;

impl Prefilter {
    /// Takes keywords of three bytes or more; what is shorter, or stands after the first 65,536, is never found.
    pub(crate) fn new<'k>(keywords: impl IntoIterator<Item = &'k [u8]>) -> Self {
        let fold = |keyword: &[u8]| keyword.iter().map(|byte| byte | 0x20).collect();
        let keywords: Box<[Box<[u8]>]> = keywords.into_iter().map(fold).collect();
        let mut pieces = Vec::new();
        for (keyword, number) in keywords.iter().zip(0u16..) {
            add_pieces(keyword, number, &mut pieces);
        }
        pieces.sort_unstable();
        pieces.dedup();
        let mut bitmap = vec![0u64; 1 << (INDEX_BITS - 6)].into_boxed_slice();
        for piece in &pieces {
            if let Some(word) = bitmap.get_mut((piece.index >> 6) as usize) {
                *word |= 1 << (piece.index & 63);
            }
        }
        let groups = (0..=(1u32 << (INDEX_BITS - GROUP_SHIFT)))
            .map(|group| pieces.partition_point(|piece| piece.index < group << GROUP_SHIFT) as u32)
            .collect();
        Self {
            bitmap,
            pieces: pieces.into_boxed_slice(),
            groups,
            keywords,
        }
    }

    /// Adds all keywords that begin within `owned`; they may end after it.
    pub(crate) fn find(&self, text: &[u8], owned: std::ops::Range<usize>, hits: &mut Vec<Hit>) {
        let (Some(bytes), begin) = (text.get(owned.start & !1..), owned.start & !1) else {
            return;
        };
        // A piece lies up to 255 bytes into its keyword.
        let bytes = bytes
            .get(..(owned.end + 256).saturating_sub(begin))
            .unwrap_or(bytes);
        let words = bytes.as_chunks::<8>().0;
        for (number, pair) in words.windows(2).enumerate() {
            let [low, high] = pair else { continue };
            let word = u64::from_le_bytes(*low) | FOLD;
            let next = (u64::from(high[0]) | 0x20) << 16;
            let parts =
                [word, word >> 16, word >> 32, (word >> 48) | next].map(|part| (part & 0xff_ffff) as u32);
            let [a, b, c, d] = parts.map(index_of);
            if (self.holds(a) | self.holds(b) | self.holds(c) | self.holds(d)) & 1 != 0 {
                for (index, step) in [a, b, c, d].into_iter().zip([0, 2, 4, 6]) {
                    if self.holds(index) & 1 != 0 {
                        self.verify(text, begin + number * 8 + step, index, &owned, hits);
                    }
                }
            }
        }
        self.find_in_rest(
            text,
            begin + words.len().saturating_sub(1) * 8,
            begin + bytes.len(),
            &owned,
            hits,
        );
    }

    fn find_in_rest(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        owned: &std::ops::Range<usize>,
        hits: &mut Vec<Hit>,
    ) {
        for at in (from..to).step_by(2) {
            // A keyword of three bytes has its second piece one byte beyond its end.
            let piece = [at, at + 1, at + 2].map(|at| text.get(at).map_or(0x20, |byte| byte | 0x20));
            let index = index_of(u32::from_le_bytes([piece[0], piece[1], piece[2], 0]));
            if self.holds(index) & 1 != 0 {
                self.verify(text, at, index, owned, hits);
            }
        }
    }

    #[inline]
    fn holds(&self, index: u32) -> u64 {
        let word = self
            .bitmap
            .get((index >> 6) as usize)
            .copied()
            .unwrap_or_default();
        word >> (index & 63)
    }

    #[cold]
    #[inline(never)]
    fn verify(
        &self,
        text: &[u8],
        at: usize,
        index: u32,
        owned: &std::ops::Range<usize>,
        hits: &mut Vec<Hit>,
    ) {
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
            let found = text.get(start..start + keyword.len());
            let same = |found: &[u8]| found.iter().zip(keyword).all(|(a, b)| a | 0x20 == *b);
            if owned.contains(&start) && found.is_some_and(same) {
                hits.push(Hit {
                    at: start,
                    keyword: piece.keyword,
                });
            }
        }
    }
}

/// Folds eight letters to lower case, and some punctuation to other punctuation.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// Spreads a piece over the bitmap.
#[inline]
fn index_of(piece: u32) -> u32 {
    piece.wrapping_mul(0x9e37_79b1) >> (32 - INDEX_BITS)
}

fn add_pieces(keyword: &[u8], number: u16, pieces: &mut Vec<Piece>) {
    let piece_at = |offset: usize, last: Option<u8>| {
        let first = keyword.get(offset..offset + 2)?;
        let last = keyword.get(offset + 2).copied().or(last)?;
        Some(u32::from_le_bytes([*first.first()?, *first.last()?, last, 0]))
    };
    let mut add = |offset: usize, last: Option<u8>| {
        pieces.extend(piece_at(offset, last).map(|piece| Piece {
            index: index_of(piece),
            keyword: number,
            offset: u8::try_from(offset).unwrap_or_default(),
        }));
    };
    if keyword.len() == 3 {
        add(0, None);
        // Whatever comes next, folded.
        (0..=255)
            .filter(|byte| byte & 0x20 != 0)
            .for_each(|byte| add(1, Some(byte)));
        return;
    }
    let ends = 0..keyword.len().saturating_sub(3).min(200);
    let cost = |offset: &usize| {
        let bytes = keyword.get(*offset..*offset + 4).unwrap_or_default();
        let prices: Vec<u32> = bytes.iter().map(|byte| commonness(*byte)).collect();
        // Of two pieces the commoner one costs more.
        prices
            .windows(3)
            .map(|piece| 1u32 << (piece.iter().sum::<u32>() / 2))
            .sum::<u32>()
    };
    if let Some(best) = ends.min_by_key(cost) {
        add(best, None);
        add(best + 1, None);
    }
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
