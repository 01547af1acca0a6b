//! Zstandard.

use ruzstd::decoding::FrameDecoder;

use super::{PIECE, Unpack};

/// Frames, one after the other. Blocks are decoded one at a time, so that what is held is a window and a block.
pub(crate) struct Zstd {
    held: Vec<u8>,
    frame: Option<Box<FrameDecoder>>,
    /// Bytes of a checksum that are still to come.
    trailer: usize,
}

/// The largest window that is taken: what RFC 8878 says all decoders should take at least.
const LARGEST_WINDOW: u64 = 8 << 20;
/// The longest head of a frame.
const LONGEST_HEAD: usize = 18;
/// The most that a block takes, packed or not (RFC 8878, section 3.1.1.2.3).
const LARGEST_BLOCK: usize = 128 << 10;

/// What could be done with what is held.
enum Progress {
    Used(usize),
    NeedsMore,
    Broken,
}

impl Zstd {
    pub(crate) fn new() -> Self {
        Self {
            held: Vec::new(),
            frame: None,
            trailer: 0,
        }
    }

    fn advance(&mut self, from: usize, out: &mut dyn FnMut(&[u8]) -> bool) -> Progress {
        let rest = self.held.get(from..).unwrap_or_default();
        if self.trailer > 0 {
            let skipped = self.trailer.min(rest.len());
            self.trailer -= skipped;
            return if skipped == 0 {
                Progress::NeedsMore
            } else {
                Progress::Used(skipped)
            };
        }
        let Some(frame) = &mut self.frame else {
            return self.begin(from);
        };
        let [a, b, c, ..] = *rest else {
            return Progress::NeedsMore;
        };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let (last, kind, size) = (header & 1 == 1, header >> 1 & 3, (header >> 3) as usize);
        let body = if kind == 1 { 1 } else { size };
        if size > LARGEST_BLOCK || kind == 3 {
            return Progress::Broken;
        }
        let Some(block) = rest.get(..3 + body) else {
            return Progress::NeedsMore;
        };
        let mut input = block;
        let mut piece = vec![0; PIECE];
        loop {
            let Ok((_, written)) = frame.decode_from_to(input, &mut piece) else {
                return Progress::Broken;
            };
            input = &[];
            if !out(piece.get(..written).unwrap_or_default()) {
                return Progress::Broken;
            }
            if written == 0 {
                break;
            }
        }
        if last {
            self.trailer = if self.checksummed() { 4 } else { 0 };
            self.frame = None;
        }
        Progress::Used(3 + body)
    }

    /// Whether the frame says that four bytes of checksum follow it; asked before the frame is given up.
    fn checksummed(&self) -> bool {
        // The decoder waits for them in vain; a finished frame without them is one that does not have them.
        self.frame.as_ref().is_some_and(|frame| !frame.is_finished())
    }

    fn begin(&mut self, from: usize) -> Progress {
        let rest = self.held.get(from..).unwrap_or_default();
        if rest.len() < LONGEST_HEAD {
            return Progress::NeedsMore;
        }
        let mut head = rest;
        let mut frame = Box::new(FrameDecoder::new());
        frame.set_max_window_size(LARGEST_WINDOW);
        if frame.init(&mut head).is_err() {
            return Progress::Broken;
        }
        let used = rest.len() - head.len();
        self.frame = Some(frame);
        Progress::Used(used)
    }
}

impl Unpack for Zstd {
    fn feed(&mut self, input: &[u8], out: &mut dyn FnMut(&[u8]) -> bool) -> Option<usize> {
        let before = self.held.len();
        self.held.extend_from_slice(input);
        let mut used = 0;
        loop {
            match self.advance(used, out) {
                Progress::Used(count) => used += count,
                Progress::NeedsMore => break,
                Progress::Broken => return Some(used.saturating_sub(before)),
            }
        }
        self.held.drain(..used.min(self.held.len()));
        None
    }
}
