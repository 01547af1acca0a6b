//! One stream of bytes, as it came or as it was unpacked, scanned block by block.
//!
//! Blocks lie on a fixed grid, and each is judged by itself and a fixed stretch on both sides. So however the stream
//! arrives, the same is found, and what is held is one block and its surroundings.

mod child;
mod overlap;
mod window;

use std::ops::Range;

use child::Child;
use overlap::Overlaps;
use window::Window;

use crate::budget::Meter;
use crate::finding::{Finding, Step};
use crate::known::{KnownSecrets, Trail};
use crate::ruleset::RuleSet;
use crate::unpack::{ContentEncoding, TarEntry};

/// What a block owns: everything that begins in it.
const BLOCK: u64 = 64 * 1024;
/// What is kept before it.
const BEHIND: u64 = 8 * 1024;
/// What must follow it, unless the stream has ended: the longest secret, twice encoded.
const AHEAD: u64 = 16 * 1024;

/// What all layers of one stream use together.
pub(crate) struct Shared<'s> {
    pub(crate) rules: &'s RuleSet,
    pub(crate) known: &'s KnownSecrets,
    pub(crate) meter: &'s mut Meter,
}

/// One stream, followed to some point.
#[derive(Default)]
pub(crate) struct Layer {
    depth: u8,
    /// Whether its bytes are what the budget grows with.
    outermost: bool,
    buffer: Vec<u8>,
    /// The place of the buffer's first byte.
    base: u64,
    /// Where the next block begins.
    cursor: u64,
    /// The line breaks before it.
    lines: u64,
    /// How far packed streams that were opened here reach.
    covered: u64,
    children: Vec<Child>,
    tar: Option<TarEntry>,
    trail: Trail,
    overlaps: Overlaps,
    /// Nothing but what is packed counts.
    opaque: bool,
}

impl Layer {
    pub(crate) fn new(depth: u8) -> Self {
        Self {
            depth,
            ..Self::default()
        }
    }

    /// The stream as it comes, packed as its carrier says.
    pub(crate) fn outermost(encodings: &[ContentEncoding], meter: &mut Meter) -> Self {
        Self {
            outermost: true,
            ..Self::encoded(encodings, meter)
        }
    }

    /// A stream that is nothing but another one, packed.
    fn encoded(encodings: &[ContentEncoding], meter: &mut Meter) -> Self {
        let Some((last, others)) = encodings.split_last() else {
            return Self::new(0);
        };
        let inner = Self::encoded(others, meter);
        // The bound on open streams is for what the content chooses; its carrier was asked for these.
        meter.open();
        Self {
            children: vec![Child::declared(last.step(), last.unpacker(), inner)],
            opaque: true,
            ..Self::default()
        }
    }

    /// Scans bytes that are all there is.
    fn scan_whole(depth: u8, bytes: Vec<u8>, shared: &mut Shared<'_>) -> Vec<Finding> {
        let mut layer = Self::new(depth);
        layer.buffer = bytes;
        let mut found = Vec::new();
        layer.finish(shared, &mut found);
        found
    }

    /// Takes the next bytes and scans the blocks that they complete.
    pub(crate) fn push(&mut self, mut bytes: &[u8], shared: &mut Shared<'_>, found: &mut Vec<Finding>) {
        while !bytes.is_empty() {
            let full = BLOCK + AHEAD - (self.end() - self.cursor).min(BLOCK + AHEAD);
            let (part, rest) = bytes.split_at(bytes.len().min(full as usize));
            self.buffer.extend_from_slice(part);
            bytes = rest;
            if self.end() - self.cursor >= BLOCK + AHEAD {
                self.block(self.cursor + BLOCK, shared, found);
                self.forget();
            }
        }
    }

    /// Scans what is left.
    pub(crate) fn finish(&mut self, shared: &mut Shared<'_>, found: &mut Vec<Finding>) {
        while self.cursor < self.end() {
            self.block(self.end().min(self.cursor + BLOCK), shared, found);
        }
        for child in self.children.drain(..) {
            child.finish(shared, found);
        }
    }

    /// The same stream without what is unpacked from it.
    pub(crate) fn without_packed(&self) -> Self {
        Self {
            depth: self.depth,
            outermost: self.outermost,
            buffer: self.buffer.clone(),
            base: self.base,
            cursor: self.cursor,
            lines: self.lines,
            covered: self.covered,
            children: Vec::new(),
            tar: self.tar.clone(),
            trail: self.trail.clone(),
            overlaps: self.overlaps.clone(),
            opaque: self.opaque,
        }
    }

    fn end(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    /// Drops what lies too far behind.
    fn forget(&mut self) {
        let from = self.cursor.saturating_sub(BEHIND).max(self.base);
        let length = (from - self.base) as usize;
        self.buffer.drain(..length.min(self.buffer.len()));
        self.base = from;
    }

    fn block(&mut self, end: u64, shared: &mut Shared<'_>, found: &mut Vec<Finding>) {
        let buffer = std::mem::take(&mut self.buffer);
        let from = self.cursor.saturating_sub(BEHIND).max(self.base);
        let to = (self.base + buffer.len() as u64).min(end + AHEAD);
        let within = |range: Range<u64>| (range.start - from) as usize..(range.end - from) as usize;
        let bytes = buffer
            .get((from - self.base) as usize..(to - self.base) as usize)
            .unwrap_or_default();
        let window = Window {
            bytes,
            from,
            owned: within(self.cursor..end),
        };
        if self.outermost {
            shared.meter.has_read(end);
        }
        self.feed_children(window.owned_bytes(), shared, found);
        if !self.opaque {
            self.scan(&window, shared, found);
        }
        self.lines += newlines(window.owned_bytes());
        self.cursor = end;
        self.buffer = buffer;
    }

    fn feed_children(&mut self, bytes: &[u8], shared: &mut Shared<'_>, found: &mut Vec<Finding>) {
        let cursor = self.cursor;
        self.opaque &= !self.children.is_empty();
        for mut child in std::mem::take(&mut self.children) {
            let ended = child.feed(bytes, shared, found);
            if child.is_raw() {
                self.covered = cursor + ended.unwrap_or(bytes.len()) as u64;
            }
            match ended {
                Some(used) => {
                    child.finish(shared, found);
                    // Whoever unpacks it may take what follows for something else.
                    self.opaque &= used == bytes.len();
                }
                None => self.children.push(child),
            }
        }
    }

    fn scan(&mut self, window: &Window<'_>, shared: &mut Shared<'_>, found: &mut Vec<Finding>) {
        let mut seen = window.seen(self.depth, shared);
        let mut own = self
            .overlaps
            .settle(std::mem::take(&mut seen.findings), window.end());
        let mut pieces = Vec::new();
        shared
            .known
            .follow(&mut self.trail, window.owned_bytes(), self.cursor, &mut pieces);
        own.extend(pieces.into_iter().map(|(name, span)| window::known(name, span)));
        own.sort_by_key(|finding| finding.offset);
        let entries = window.tar_entries(&seen.tar_headers, self.tar.take(), self.lines);
        for finding in &mut own {
            self.locate(finding, window, &entries);
        }
        self.tar = entries
            .last()
            .filter(|entry| entry.contents.end > window.end())
            .cloned();
        found.append(&mut own);
        seen.opened.sort_by_key(|opened| opened.at);
        for opened in seen.opened {
            self.open(opened, window, shared, found);
        }
    }

    /// Says on which line of which file a finding is, unless it is inside a pack and says so already.
    fn locate(&self, finding: &mut Finding, window: &Window<'_>, entries: &[TarEntry]) {
        let line = self.line_at(finding.offset, window);
        let entry = entries
            .iter()
            .find(|entry| entry.contents.contains(&finding.offset));
        if let Some(entry) = entry {
            finding.chain.insert(0, Step::Tar(entry.name.clone()));
        }
        if !finding.is_packed() {
            finding.line = line - entry.map_or(0, |entry| entry.line.min(line)) + 1;
        }
    }

    /// The line breaks before a place, which lies in the block or not far before it.
    fn line_at(&self, place: u64, window: &Window<'_>) -> u64 {
        let (cursor, at) = (window.owned.start, place.saturating_sub(window.from) as usize);
        match window.bytes.get(cursor.min(at)..cursor.max(at)).map(newlines) {
            Some(between) if at >= cursor => self.lines + between,
            between => self.lines - between.unwrap_or_default().min(self.lines),
        }
    }

    fn open(
        &mut self,
        opened: window::Opened,
        window: &Window<'_>,
        shared: &mut Shared<'_>,
        found: &mut Vec<Finding>,
    ) {
        let is_raw = opened.encoding.is_none();
        let depth = self.depth + if is_raw { 1 } else { 2 };
        if is_raw && opened.at < self.covered || depth > shared.meter.budget.depth || !shared.meter.open() {
            return;
        }
        let bytes = window
            .owned_bytes()
            .get((opened.at - self.cursor) as usize..)
            .unwrap_or_default();
        let at = opened.at;
        let mut child = Child::new(opened, Self::new(depth));
        let ended = child.feed(bytes, shared, found);
        if is_raw {
            self.covered = at + ended.unwrap_or(bytes.len()) as u64;
        }
        match ended {
            Some(_) => child.finish(shared, found),
            None => self.children.push(child),
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    // Sums of bytes that cannot overflow are what compilers turn into wide instructions.
    let count = |part: &[u8]| {
        part.iter()
            .map(|byte| u8::from(*byte == b'\n'))
            .fold(0u8, u8::wrapping_add)
    };
    bytes.chunks(255).map(|part| u64::from(count(part))).sum()
}
