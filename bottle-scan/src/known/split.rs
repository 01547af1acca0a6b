//! Pieces of a secret: separated, spread over fields, or only a part.
//!
//! A stream is followed letter by letter, whatever is no letter and no digit left out. Each six in a row that a secret
//! holds mark their places in it; twelve marked in a row, or most of them within four kibibytes, are the secret.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Secrets of which any part counts.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pieces {
    key: u64,
    /// Where each six letters stand.
    grams: HashMap<u64, Vec<(u16, u16)>>,
    /// How many letters each secret has.
    lengths: HashMap<u16, usize>,
    /// Made of the grams.
    #[serde(skip)]
    bitmap: Vec<u64>,
}

/// How far a stream was followed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail {
    /// The last six letters, the last one lowest.
    gram: u64,
    /// Their places; fewer if there were fewer.
    places: VecDeque<u64>,
    marks: VecDeque<Mark>,
    /// How far each secret was reported.
    reported: HashMap<u16, u64>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    secret: u16,
    /// The place of the six letters in the secret.
    index: u16,
    begin: u64,
    end: u64,
}

const GRAM: usize = 6;
const GRAM_MASK: u64 = (1 << (8 * GRAM)) - 1;
/// So many letters in a row are enough.
const RUN: usize = 12;
/// How near to each other pieces must be, in bytes.
const NEAR: u64 = 4096;
/// How many marks are kept; repeating one piece gains nothing.
const MOST_MARKS: usize = 512;
const INDEX_BITS: u32 = 16;

impl fmt::Debug for Pieces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pieces({})", self.lengths.len())
    }
}

impl Pieces {
    pub(super) fn new(key: [u8; 32]) -> Self {
        let part = key.first_chunk::<8>().copied().map_or(0, u64::from_le_bytes);
        Self {
            key: part.rotate_left(17) | 1,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, value: &[u8], secret: u16) {
        let letters: Vec<u8> = value.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
        if letters.len() < RUN {
            return;
        }
        for (index, window) in letters.windows(GRAM).enumerate() {
            let gram = window
                .iter()
                .fold(0, |gram, letter| gram << 8 | u64::from(*letter));
            self.grams
                .entry(self.hash(gram))
                .or_default()
                .push((secret, index as u16));
        }
        self.lengths.insert(secret, letters.len());
    }

    pub(super) fn settle(&mut self) {
        if self.grams.is_empty() {
            return;
        }
        self.bitmap = vec![0; 1 << (INDEX_BITS - 6)];
        for hash in self.grams.keys() {
            let index = hash >> (64 - INDEX_BITS);
            if let Some(word) = self.bitmap.get_mut((index >> 6) as usize) {
                *word |= 1 << (index & 63);
            }
        }
    }

    fn hash(&self, gram: u64) -> u64 {
        let mixed = (gram ^ self.key).wrapping_mul(self.key);
        (mixed ^ mixed >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    pub(super) fn follow(
        &self,
        trail: &mut Trail,
        bytes: &[u8],
        offset: u64,
        mut seen: impl FnMut(u16, Range<u64>),
    ) {
        if self.grams.is_empty() {
            return;
        }
        for (byte, place) in bytes
            .iter()
            .zip(offset..)
            .filter(|(byte, _)| byte.is_ascii_alphanumeric())
        {
            trail.step(*byte, place);
            let hash = self.hash(trail.gram);
            let index = hash >> (64 - INDEX_BITS);
            let word = self
                .bitmap
                .get((index >> 6) as usize)
                .copied()
                .unwrap_or_default();
            if word >> (index & 63) & 1 == 1 && trail.places.len() == GRAM {
                for (secret, index) in self.grams.get(&hash).into_iter().flatten() {
                    self.mark(trail, *secret, *index, place, &mut seen);
                }
            }
        }
    }

    fn mark(
        &self,
        trail: &mut Trail,
        secret: u16,
        index: u16,
        place: u64,
        seen: &mut impl FnMut(u16, Range<u64>),
    ) {
        let begin = trail.places.front().copied().unwrap_or(place);
        if place - begin > NEAR || trail.reported.get(&secret).is_some_and(|until| begin < *until) {
            return;
        }
        trail
            .marks
            .retain(|mark| place - mark.begin <= NEAR && (mark.secret, mark.index) != (secret, index));
        if trail.marks.len() >= MOST_MARKS {
            trail.marks.pop_front();
        }
        let end = place + 1;
        trail.marks.push_back(Mark {
            secret,
            index,
            begin,
            end,
        });
        let length = self.lengths.get(&secret).copied().unwrap_or_default();
        let own = || trail.marks.iter().filter(|mark| mark.secret == secret);
        let mut covered = vec![false; length];
        for mark in own() {
            covered
                .iter_mut()
                .skip(usize::from(mark.index))
                .take(GRAM)
                .for_each(|letter| *letter = true);
        }
        let count = covered.iter().filter(|letter| **letter).count();
        let longest = covered
            .split(|letter| !letter)
            .map(<[bool]>::len)
            .max()
            .unwrap_or_default();
        if longest >= RUN || count * 5 >= length * 3 {
            let begin = own().map(|mark| mark.begin).min().unwrap_or(begin);
            let end = own().map(|mark| mark.end).max().unwrap_or(end);
            trail.marks.retain(|mark| mark.secret != secret);
            trail.reported.insert(secret, end + NEAR / 16);
            seen(secret, begin..end);
        }
    }
}

impl Trail {
    fn step(&mut self, byte: u8, place: u64) {
        self.gram = (self.gram << 8 | u64::from(byte)) & GRAM_MASK;
        if self.places.len() == GRAM {
            self.places.pop_front();
        }
        self.places.push_back(place);
    }
}
