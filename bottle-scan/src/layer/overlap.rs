//! Of findings that overlap, the one that says most.

use std::ops::Range;
use std::sync::Arc;

use crate::finding::Finding;

/// A finding, and whether only its surroundings made it one.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) finding: Finding,
    pub(super) generic: bool,
}

/// What was reported and reaches beyond the last block.
#[derive(Debug, Clone, Default)]
pub(super) struct Overlaps {
    taken: Vec<Taken>,
}

#[derive(Debug, Clone)]
struct Taken {
    /// Findings of known secrets only overlap those of the same secret.
    name: Option<Arc<str>>,
    span: Range<u64>,
}

impl Overlaps {
    /// Chooses among the findings that begin before a place; later ones only say what those overlap.
    pub(super) fn settle(&mut self, mut candidates: Vec<Candidate>, end: u64) -> Vec<Finding> {
        candidates.sort_by(|one, other| {
            let key = |candidate: &Candidate| {
                let finding = &candidate.finding;
                (
                    candidate.generic,
                    finding.offset,
                    finding.chain.len(),
                    u64::MAX - finding.length,
                    finding.rule,
                )
            };
            key(one).cmp(&key(other))
        });
        let mut chosen = Vec::new();
        for Candidate { finding, .. } in candidates {
            if finding.is_packed() {
                chosen.push(finding);
                continue;
            }
            let span = finding.offset..finding.offset + finding.length.max(1);
            if self.is_free(&finding, &span) {
                let name = finding.name.clone();
                self.taken.push(Taken { name, span });
                chosen.push(finding);
            }
        }
        self.taken
            .retain(|taken| taken.span.start < end && taken.span.end > end);
        chosen.retain(|finding| finding.offset < end);
        chosen
    }

    fn is_free(&self, finding: &Finding, span: &Range<u64>) -> bool {
        let overlaps = |taken: &Taken| {
            taken.name == finding.name && taken.span.start < span.end && span.start < taken.span.end
        };
        // Those that were taken last lie nearest; more than these never reach this far.
        !self.taken.iter().rev().take(NEAREST).any(overlaps)
    }
}

/// How many findings back an overlap is looked for.
const NEAREST: usize = 256;
