//! Counts by route and refusal, for `_egress.local/metrics`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bottle_wire::event::Verdict;
use serde::Serialize;

use crate::upstream::Progress;

/// Counts of all requests. Its keys are patterns of routes and names of rules, so it stays small.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<BTreeMap<String, Counts>>);

/// Counts of the requests that one route or rule decided.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Counts {
    allowed: u64,
    refused: u64,
    failed: u64,
    bytes_sent: u64,
    bytes_received: u64,
}

impl Metrics {
    pub(super) fn count(&self, rule: &str, verdict: Verdict, progress: &Progress) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(rule) {
            all.insert(rule.to_owned(), Counts::default());
        }
        let Some(counts) = all.get_mut(rule) else { return };
        match verdict {
            Verdict::Allowed => counts.allowed += 1,
            Verdict::Refused => counts.refused += 1,
            Verdict::Failed => counts.failed += 1,
        }
        counts.bytes_sent += progress.sent();
        counts.bytes_received += progress.received();
    }

    pub(super) fn snapshot(&self) -> BTreeMap<String, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
