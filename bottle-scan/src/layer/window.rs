//! A block with its surroundings, and what is seen in it.

use std::ops::Range;
use std::sync::Arc;

use super::overlap::Candidate;
use super::{Layer, Shared};
use crate::decode::{self, Decoded, Packed};
use crate::finding::{Finding, KNOWN_SECRET, Step};
use crate::known::Seen;
use crate::prefilter::Hit;
use crate::ruleset::{Keyword, Match};
use crate::unpack::{self, TAR_MAGIC_AT, TarEntry};

/// A block with its surroundings.
pub(super) struct Window<'w> {
    pub(super) bytes: &'w [u8],
    /// The place of its first byte in the stream.
    pub(super) from: u64,
    /// The block in it.
    pub(super) owned: Range<usize>,
}

/// What is seen in a window.
#[derive(Default)]
pub(super) struct Sight {
    pub(super) findings: Vec<Candidate>,
    pub(super) opened: Vec<Opened>,
    /// Where tar headers begin in the stream.
    pub(super) tar_headers: Vec<u64>,
}

/// A packed stream that begins in the block.
pub(super) struct Opened {
    pub(super) at: u64,
    pub(super) encoding: Option<Step>,
    pub(super) packed: unpack::Opened,
}

/// How far behind a block keywords are looked at, for what overlaps what the block owns.
const OVERLAP: usize = 512;

impl Window<'_> {
    pub(super) fn owned_bytes(&self) -> &[u8] {
        self.bytes.get(self.owned.clone()).unwrap_or_default()
    }

    /// Where the block ends in the stream.
    pub(super) fn end(&self) -> u64 {
        self.from + self.owned.end as u64
    }

    pub(super) fn seen(&self, depth: u8, shared: &mut Shared<'_>) -> Sight {
        let mut sight = Sight::default();
        self.see_keywords(shared, &mut sight);
        self.see_known(shared, &mut sight);
        if depth < shared.meter.budget.depth {
            self.see_encoded(depth, shared, &mut sight);
        }
        sight
    }

    fn see_keywords(&self, shared: &mut Shared<'_>, sight: &mut Sight) {
        let reach = self.owned.start..self.bytes.len().min(self.owned.end + OVERLAP);
        let mut matches = Vec::new();
        let seams = unpack::zip_seams(self.bytes);
        for hit in shared.rules.hits(self.bytes, reach) {
            match shared.rules.keyword(hit) {
                Keyword::OfRules if shared.meter.may_work() => {
                    let mut work = 0;
                    let (start, part) = self.part_around(hit.at, &seams);
                    let hit = Hit {
                        at: hit.at - start,
                        ..hit
                    };
                    let mut found = Vec::new();
                    shared.rules.matches(part, hit, &mut work, &mut found);
                    shared.meter.has_worked(work);
                    matches.extend(found.into_iter().map(|one| one.behind(start)));
                }
                Keyword::Packed if self.owned.contains(&hit.at) => self.see_packed(hit, sight),
                Keyword::Tar if self.owned.contains(&hit.at) => {
                    sight
                        .tar_headers
                        .extend((self.from + hit.at as u64).checked_sub(TAR_MAGIC_AT as u64));
                }
                _ => {}
            }
        }
        // A value before its keyword may begin before the block, which the block before has seen.
        let is_owned = |one: &Match| one.span.start >= self.owned.start;
        sight.findings.extend(
            matches
                .into_iter()
                .filter(is_owned)
                .map(|one| self.candidate(&one)),
        );
    }

    /// The part between two seams that a place lies in, and where it starts.
    fn part_around(&self, at: usize, seams: &[usize]) -> (usize, &[u8]) {
        let next = seams.partition_point(|seam| *seam <= at);
        let start = next
            .checked_sub(1)
            .and_then(|last| seams.get(last))
            .copied()
            .unwrap_or_default();
        let end = seams.get(next).copied().unwrap_or(self.bytes.len());
        (start, self.bytes.get(start..end).unwrap_or_default())
    }

    fn see_packed(&self, hit: Hit, sight: &mut Sight) {
        let head = self.bytes.get(hit.at..).unwrap_or_default();
        if unpack::opens(head, false)
            && let Some(packed) = unpack::open(head)
        {
            let at = self.from + hit.at as u64;
            sight.opened.push(Opened {
                at,
                encoding: None,
                packed,
            });
        }
    }

    fn see_known(&self, shared: &Shared<'_>, sight: &mut Sight) {
        let mut seen = Vec::new();
        shared.known.find(self.bytes, self.owned.clone(), &mut seen);
        let place = |span: Range<usize>| self.from + span.start as u64..self.from + span.end as u64;
        sight
            .findings
            .extend(seen.into_iter().map(|Seen { name, span }| Candidate {
                finding: known(name, place(span)),
                generic: false,
            }));
    }

    fn see_encoded(&self, depth: u8, shared: &mut Shared<'_>, sight: &mut Sight) {
        let Sight { findings, opened, .. } = sight;
        let mut decoded = |decoded: Decoded| {
            if shared.meter.decode(decoded.bytes.len()) {
                self.scan_decoded(decoded, depth + 1, shared, findings);
            }
        };
        decode::percent(self.bytes, &self.owned, &mut decoded);
        decode::escapes(self.bytes, &self.owned, &mut decoded);
        decode::runs(
            self.bytes,
            &self.owned,
            &mut decoded,
            |Packed { step, at, head }| {
                let at = self.from + at as u64;
                opened.extend(unpack::open(&head).map(|packed| Opened {
                    at,
                    encoding: Some(step),
                    packed,
                }));
            },
        );
    }

    /// Scans a decoded text, and brings what is found back to where its encoded text lies.
    fn scan_decoded(
        &self,
        mut decoded: Decoded,
        depth: u8,
        shared: &mut Shared<'_>,
        findings: &mut Vec<Candidate>,
    ) {
        let bytes = std::mem::take(&mut decoded.bytes);
        for mut finding in Layer::scan_whole(depth, bytes, shared) {
            let place = |at: u64| decoded.place(usize::try_from(at).unwrap_or(usize::MAX));
            let (start, end) = (place(finding.offset), place(finding.offset + finding.length));
            if self.owned.contains(&start) {
                finding.offset = self.from + start as u64;
                finding.length = if finding.is_packed() {
                    0
                } else {
                    end.saturating_sub(start) as u64
                };
                finding.chain.insert(0, decoded.step.clone());
                findings.push(Candidate {
                    finding,
                    generic: false,
                });
            }
        }
    }

    fn candidate(&self, found: &Match) -> Candidate {
        let rule = found.rule;
        let prefix = if rule.named || rule.generic {
            ""
        } else {
            found.keyword
        };
        Candidate {
            generic: rule.generic,
            finding: Finding {
                rule: rule.id,
                name: None,
                offset: self.from + found.span.start as u64,
                length: found.span.len() as u64,
                line: 0,
                chain: Vec::new(),
                masked: format!("{prefix}{MASK}"),
            },
        }
    }

    /// The tar entries that reach into the block, from their headers; an entry that is open goes first.
    pub(super) fn tar_entries(&self, headers: &[u64], open: Option<TarEntry>, lines: u64) -> Vec<TarEntry> {
        let mut entries = Vec::from_iter(open);
        for header in headers {
            let inside = entries
                .last()
                .is_some_and(|entry| entry.contents.contains(header));
            let Some(at) = header.checked_sub(self.from).filter(|_| !inside) else {
                continue;
            };
            let bytes = self.bytes.get(at as usize..).unwrap_or_default();
            if let Some((name, size)) = unpack::tar_header(bytes) {
                let start = header + 512;
                let until = (at as usize + 512).min(self.bytes.len());
                let before = self.bytes.get(self.owned.start..until).map_or(0, super::newlines);
                let contents = start..start.saturating_add(size);
                entries.push(TarEntry {
                    name,
                    contents,
                    line: lines + before,
                });
            }
        }
        entries
    }
}

/// The finding of a known secret.
pub(super) fn known(name: Arc<str>, span: Range<u64>) -> Finding {
    Finding {
        rule: KNOWN_SECRET,
        name: Some(name),
        offset: span.start,
        length: span.end - span.start,
        line: 0,
        chain: Vec::new(),
        masked: MASK.to_owned(),
    }
}

/// What stands for a value, whatever its length.
const MASK: &str = "********";
