//! What embedders use: a scanner, and streams that it reads.

use std::fmt;
use std::sync::Arc;

use crate::budget::{Budget, Limit, Meter};
use crate::finding::Finding;
use crate::known::KnownSecrets;
use crate::layer::{Layer, Shared};
use crate::ruleset::RuleSet;
use crate::unpack::ContentEncoding;

/// What to look for. Making one costs next to nothing: expressions are compiled when a keyword first needs them.
#[derive(Debug, Clone)]
pub struct Scanner {
    rules: Arc<RuleSet>,
    known: Arc<KnownSecrets>,
    budget: Budget,
}

/// One stream of bytes that is being scanned. What it holds in memory does not depend on how long the stream is.
pub struct Stream {
    scanner: Scanner,
    layer: Layer,
    meter: Meter,
}

/// What the end of a stream brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was found since the last push.
    pub findings: Vec<Finding>,
    /// The bounds that were met; unless there are none, something was not looked at.
    pub limits: Vec<Limit>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// Looks for all formats that are known.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rules: RuleSet::all(),
            known: Arc::default(),
            budget: Budget::default(),
        }
    }

    /// Looks only for formats that tell by themselves; values that only a name gives away are for files.
    #[must_use]
    pub fn precise() -> Self {
        Self {
            rules: RuleSet::precise(),
            ..Self::new()
        }
    }

    /// Looks for known secrets too.
    #[must_use]
    pub fn with_known(self, known: KnownSecrets) -> Self {
        Self {
            known: Arc::new(known),
            ..self
        }
    }

    /// Spends this much on each stream.
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// Begins a stream.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream_encoded(&[])
    }

    /// Begins a stream that its carrier says is encoded, in the order in which that was done, as `Content-Encoding` has
    /// it.
    #[must_use]
    pub fn stream_encoded(&self, encodings: &[ContentEncoding]) -> Stream {
        let mut meter = Meter::new(self.budget);
        Stream {
            scanner: self.clone(),
            layer: Layer::outermost(encodings, &mut meter),
            meter,
        }
    }

    /// Scans bytes that are all there.
    #[must_use]
    pub fn scan(&self, bytes: &[u8]) -> Outcome {
        let mut stream = self.stream();
        let mut findings = stream.push(bytes);
        let mut outcome = stream.finish();
        findings.append(&mut outcome.findings);
        Outcome { findings, ..outcome }
    }
}

impl Stream {
    /// Takes the next bytes and returns what is certain by now; the last 80 KiB are judged when more is known.
    ///
    /// All that is returned until the end is the same for every way of cutting the stream into pushes.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Finding> {
        let mut found = Vec::new();
        let Self {
            scanner,
            layer,
            meter,
        } = self;
        layer.push(bytes, &mut scanner.shared(meter), &mut found);
        found
    }

    /// Returns what would be found if the stream ended here, packed data left out: for a proxy that wants to send on
    /// what it has. The stream goes on as if this had not been asked.
    #[must_use]
    pub fn peek(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut meter = self.meter.clone();
        let mut layer = self.layer.without_packed();
        layer.finish(&mut self.scanner.shared(&mut meter), &mut found);
        found
    }

    /// Ends the stream.
    #[must_use]
    pub fn finish(mut self) -> Outcome {
        let mut findings = Vec::new();
        let Self {
            scanner,
            layer,
            meter,
        } = &mut self;
        layer.finish(&mut scanner.shared(meter), &mut findings);
        Outcome {
            findings,
            limits: self.meter.met().to_vec(),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stream")
            .field("meter", &self.meter)
            .finish_non_exhaustive()
    }
}

impl Scanner {
    fn shared<'s>(&'s self, meter: &'s mut Meter) -> Shared<'s> {
        Shared {
            rules: &self.rules,
            known: &self.known,
            meter,
        }
    }
}
