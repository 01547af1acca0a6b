//! Brotli.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{End, Ended, PIECE, Unpack};

/// One brotli stream. Its window, and so its memory, is at most 16 MiB: large windows are not taken.
pub(crate) struct Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>);

impl Brotli {
    pub(crate) fn new() -> Self {
        let state = BrotliState::new(
            StandardAlloc::default(),
            StandardAlloc::default(),
            StandardAlloc::default(),
        );
        Self(Box::new(state))
    }
}

impl Unpack for Brotli {
    fn feed(&mut self, input: &[u8], out: &mut dyn FnMut(&[u8]) -> bool) -> Option<Ended> {
        let mut piece = [0; PIECE];
        let (mut available, mut used) = (input.len(), 0);
        loop {
            let (mut room, mut written, mut total) = (PIECE, 0, 0);
            let result = BrotliDecompressStream(
                &mut available,
                &mut used,
                input,
                &mut room,
                &mut written,
                &mut piece,
                &mut total,
                &mut self.0,
            );
            let more = out(piece.get(..written).unwrap_or_default());
            match result {
                BrotliResult::NeedsMoreOutput if more => {}
                // It says so too when its output is full, and then has more of it.
                BrotliResult::NeedsMoreInput if more && written == PIECE => {}
                BrotliResult::NeedsMoreInput if more => return None,
                BrotliResult::ResultSuccess => return End::Whole.at(used),
                BrotliResult::ResultFailure => return End::Broken.at(used),
                _ => return End::Enough.at(used),
            }
        }
    }
}
