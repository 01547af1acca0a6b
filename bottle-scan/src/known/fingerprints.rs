//! Keyed hashes of byte strings, and finding those strings in a text.
//!
//! Each position is hashed over twelve bytes (eight for what is shorter) and looked up in a bitmap; what passes is
//! compared by 32 more bits of that hash, and then by an HMAC over the whole string. The quick hash tells little about
//! twelve bytes of the value and nothing about the rest.

use std::fmt;
use std::ops::Range;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fingerprints {
    key: [u8; 32],
    long: Table<12>,
    short: Table<8>,
}

/// The strings of at least so many bytes, by the hash of their first ones.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table<const WIDTH: usize> {
    keys: [u64; 2],
    /// Made of the entries.
    #[serde(skip)]
    bitmap: Vec<u64>,
    /// Sorted by hash.
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    hash: u64,
    length: u16,
    secret: u16,
    digest: [u8; 16],
}

/// Bits of the bitmap's index.
const INDEX_BITS: u32 = 18;
/// Bits of the quick hash that are kept.
const KEPT_BITS: u32 = 44;

impl fmt::Debug for Fingerprints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Fingerprints({})",
            self.long.entries.len() + self.short.entries.len()
        )
    }
}

impl Fingerprints {
    pub(super) fn new(key: [u8; 32]) -> Self {
        let part = |at: usize| {
            key.get(at..at + 8)
                .and_then(|part| part.try_into().ok())
                .map_or(0, u64::from_le_bytes)
        };
        Self {
            key,
            long: Table::new([part(0) | 1, part(8) | 1]),
            short: Table::new([part(16) | 1, part(24) | 1]),
        }
    }

    pub(super) fn add(&mut self, string: &[u8], secret: u16) {
        let entry = |hash| Entry {
            hash,
            length: string.len() as u16,
            secret,
            digest: digest(&self.key, string),
        };
        if let Some(hash) = self.long.hash(string) {
            self.long.entries.push(entry(hash));
        } else if let Some(hash) = self.short.hash(string) {
            self.short.entries.push(entry(hash));
        }
    }

    /// Makes what was added findable.
    pub(super) fn settle(&mut self) {
        self.long.settle();
        self.short.settle();
    }

    pub(super) fn find(&self, text: &[u8], owned: Range<usize>, mut seen: impl FnMut(u16, Range<usize>)) {
        self.long.find(&self.key, text, owned.clone(), &mut seen);
        self.short.find(&self.key, text, owned, &mut seen);
    }
}

impl<const WIDTH: usize> Table<WIDTH> {
    fn new(keys: [u64; 2]) -> Self {
        Self {
            keys,
            bitmap: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// The quick hash of a string's first bytes; none if it has too few.
    #[inline]
    fn hash(&self, string: &[u8]) -> Option<u64> {
        let first = u64::from_le_bytes(*string.first_chunk::<8>()?);
        // Of eight bytes these are the last four again.
        let last = u32::from_le_bytes(string.get(WIDTH - 4..WIDTH)?.try_into().ok()?);
        let mixed = (first ^ self.keys[0]).wrapping_mul(self.keys[1]);
        let mixed = (mixed ^ mixed >> 29 ^ u64::from(last)).wrapping_mul(self.keys[0]);
        Some((mixed ^ mixed >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - KEPT_BITS))
    }

    fn settle(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup();
        if self.entries.is_empty() {
            return;
        }
        self.bitmap.resize(1 << (INDEX_BITS - 6), 0);
        for entry in &self.entries {
            let index = entry.hash >> (KEPT_BITS - INDEX_BITS);
            if let Some(word) = self.bitmap.get_mut((index >> 6) as usize) {
                *word |= 1 << (index & 63);
            }
        }
    }

    fn find(
        &self,
        key: &[u8; 32],
        text: &[u8],
        owned: Range<usize>,
        seen: &mut impl FnMut(u16, Range<usize>),
    ) {
        let end = text.len().min(owned.end + WIDTH - 1);
        let positions = text.get(owned.start..end).unwrap_or_default();
        if self.entries.is_empty() {
            return;
        }
        for (number, window) in positions.windows(WIDTH).enumerate() {
            let hash = self.hash(window).unwrap_or_default();
            let index = hash >> (KEPT_BITS - INDEX_BITS);
            let word = self
                .bitmap
                .get((index >> 6) as usize)
                .copied()
                .unwrap_or_default();
            if word >> (index & 63) & 1 == 1 {
                self.compare(key, text, owned.start + number, hash, seen);
            }
        }
    }

    #[cold]
    fn compare(
        &self,
        key: &[u8; 32],
        text: &[u8],
        at: usize,
        hash: u64,
        seen: &mut impl FnMut(u16, Range<usize>),
    ) {
        let first = self.entries.partition_point(|entry| entry.hash < hash);
        let same = self
            .entries
            .iter()
            .skip(first)
            .take_while(|entry| entry.hash == hash);
        // The longest one of each secret says it best; entries of one hash are sorted by length.
        let mut longest: Option<(u16, Range<usize>)> = None;
        for entry in same {
            let span = at..at + usize::from(entry.length);
            if text
                .get(span.clone())
                .is_some_and(|string| digest(key, string) == entry.digest)
            {
                longest = Some((entry.secret, span));
            }
        }
        if let Some((secret, span)) = longest {
            seen(secret, span);
        }
    }
}

/// A keyed digest. Nothing measures how long a comparison takes: what is compared comes from the text itself.
fn digest(key: &[u8; 32], string: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(string);
        short
            .iter_mut()
            .zip(mac.finalize().into_bytes())
            .for_each(|(to, from)| *to = from);
    }
    short
}
