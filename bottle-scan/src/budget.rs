//! How much work a stream may cause, in bytes and steps: the same input costs the same however it is cut.

/// What may be spent on one stream. There is no clock in it, so that what is found does not depend on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many encodings deep is looked.
    pub depth: u8,
    /// How many bytes may be decoded and unpacked, whatever the stream's length.
    pub decoded: u64,
    /// How many more for each byte of the stream.
    pub decoded_per_byte: u64,
    /// How many bytes expressions may read, whatever the stream's length.
    pub work: u64,
    /// How many more for each byte of the stream.
    pub work_per_byte: u64,
    /// How many packed streams may be open at once, inside each other and side by side.
    pub open: usize,
}

/// A bound that was met: something was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Not everything was decoded or unpacked.
    Decoded,
    /// Not every keyword's surroundings were examined.
    Work,
    /// Not every packed stream was opened.
    Open,
    /// What the carrier calls packed is not, or is damaged; the rest of it was scanned as it is.
    Broken,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            depth: 3,
            decoded: 64 << 20,
            decoded_per_byte: 32,
            work: 16 << 20,
            work_per_byte: 64,
            open: 8,
        }
    }
}

impl Limit {
    /// Returns a word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decoded => "decoded",
            Self::Work => "work",
            Self::Open => "open",
            Self::Broken => "broken",
        }
    }
}

/// What of a budget is spent.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    pub(crate) budget: Budget,
    input: u64,
    decoded: u64,
    work: u64,
    open: usize,
    met: Vec<Limit>,
}

impl Meter {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            input: 0,
            decoded: 0,
            work: 0,
            open: 0,
            met: Vec::new(),
        }
    }

    /// Says how far the outermost stream was read.
    pub(crate) fn has_read(&mut self, input: u64) {
        self.input = input;
    }

    /// Whether so many bytes may be decoded; if so they count.
    pub(crate) fn decode(&mut self, bytes: usize) -> bool {
        let allowed = self
            .budget
            .decoded_per_byte
            .saturating_mul(self.input)
            .saturating_add(self.budget.decoded);
        self.decoded = self.decoded.saturating_add(bytes as u64);
        self.keep(self.decoded <= allowed, Limit::Decoded)
    }

    /// Whether a keyword's surroundings may be examined.
    pub(crate) fn may_work(&mut self) -> bool {
        let allowed = self
            .budget
            .work_per_byte
            .saturating_mul(self.input)
            .saturating_add(self.budget.work);
        self.keep(self.work <= allowed, Limit::Work)
    }

    pub(crate) fn has_worked(&mut self, bytes: usize) {
        self.work = self.work.saturating_add(bytes as u64);
    }

    pub(crate) fn open(&mut self) -> bool {
        let may = self.keep(self.open < self.budget.open, Limit::Open);
        self.open += usize::from(may);
        may
    }

    pub(crate) fn close(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// The bounds that were met, each once.
    pub(crate) fn met(&self) -> &[Limit] {
        &self.met
    }

    pub(crate) fn meet(&mut self, limit: Limit) {
        if !self.met.contains(&limit) {
            self.met.push(limit);
            self.met.sort_unstable();
        }
    }

    fn keep(&mut self, kept: bool, limit: Limit) -> bool {
        if !kept {
            self.meet(limit);
        }
        kept
    }
}
