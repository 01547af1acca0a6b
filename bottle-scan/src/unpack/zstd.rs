//! Zstandard.

use std::io::Read;

use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::FrameDecoderError;

use super::{End, Ended, PIECE, Unpack};

/// Frames, one after the other. Blocks are decoded one at a time, so that what is held is a window and a block.
pub(crate) struct Zstd {
    held: Vec<u8>,
    frame: Option<Box<FrameDecoder>>,
    /// Bytes of a checksum, or of a frame that is skipped, that are still to come.
    skip: usize,
    /// Whether there was a frame.
    any: bool,
    /// Whether no more bytes come.
    ending: bool,
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
    Ended(End),
}

impl Zstd {
    pub(crate) fn new() -> Self {
        Self {
            held: Vec::new(),
            frame: None,
            skip: 0,
            any: false,
            ending: false,
        }
    }

    fn advance_all(&mut self, out: &mut dyn FnMut(&[u8]) -> bool) -> Option<Ended> {
        let mut used = 0;
        loop {
            match self.advance(used, out) {
                Progress::Used(count) => used += count,
                Progress::NeedsMore => break,
                Progress::Ended(end) => return end.at(used),
            }
        }
        self.held.drain(..used.min(self.held.len()));
        None
    }

    fn advance(&mut self, from: usize, out: &mut dyn FnMut(&[u8]) -> bool) -> Progress {
        let rest = self.held.get(from..).unwrap_or_default();
        if rest.is_empty() {
            return Progress::NeedsMore;
        }
        if self.skip > 0 {
            let skipped = self.skip.min(rest.len());
            self.skip -= skipped;
            return Progress::Used(skipped);
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
            return Progress::Ended(End::Broken);
        }
        let Some(block) = rest.get(..3 + body) else {
            return Progress::NeedsMore;
        };
        if let Some(end) = decode(frame, block, out) {
            return Progress::Ended(end);
        }
        if last {
            self.skip = if self.checksummed() { 4 } else { 0 };
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
        if rest.len() < LONGEST_HEAD && !self.ending {
            return Progress::NeedsMore;
        }
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] = *rest {
            self.skip = u32::from_le_bytes([a, b, c, d]) as usize;
            return Progress::Used(8);
        }
        let mut head = rest;
        let mut frame = Box::new(FrameDecoder::new());
        frame.set_max_window_size(LARGEST_WINDOW);
        match frame.init(&mut head) {
            Ok(()) => {}
            Err(FrameDecoderError::WindowSizeTooBig { .. }) => return Progress::Ended(End::Refused),
            Err(_) if self.any => return Progress::Ended(End::Whole),
            Err(_) => return Progress::Ended(End::Broken),
        }
        self.any = true;
        let used = rest.len() - head.len();
        self.frame = Some(frame);
        Progress::Used(used)
    }
}

/// What ends a frame: a last block, of nothing.
const END_OF_FRAME: [u8; 3] = [1, 0, 0];

/// Decodes one block and hands over what is decoded and no longer needed, or all if the frame ends with it; says if
/// nothing can follow.
fn decode(frame: &mut FrameDecoder, block: &[u8], out: &mut dyn FnMut(&[u8]) -> bool) -> Option<End> {
    let mut piece = vec![0; PIECE];
    let Ok((_, mut written)) = frame.decode_from_to(block, &mut piece) else {
        return Some(End::Broken);
    };
    while written > 0 {
        if !out(piece.get(..written).unwrap_or_default()) {
            return Some(End::Enough);
        }
        // Asked to decode, it would now wait for a checksum and hand over nothing.
        written = frame.read(&mut piece).unwrap_or_default();
    }
    None
}

impl Unpack for Zstd {
    fn feed(&mut self, input: &[u8], out: &mut dyn FnMut(&[u8]) -> bool) -> Option<Ended> {
        let before = self.held.len();
        self.held.extend_from_slice(input);
        let ended = self.advance_all(out)?;
        ended.how.at(ended.used.saturating_sub(before))
    }

    fn end(&mut self, out: &mut dyn FnMut(&[u8]) -> bool) {
        self.ending = true;
        self.advance_all(out);
        // A frame that was cut short still holds its window, which its sender may have meant to be all.
        if let Some(frame) = &mut self.frame {
            decode(frame, &END_OF_FRAME, out);
        }
    }
}
