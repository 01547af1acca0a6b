//! Packed streams: what they begin with, and how they are unpacked piece by piece.

mod archive;
mod brotli;
mod inflate;
mod zstd;

use std::sync::Arc;

pub(crate) use archive::{TAR_MAGIC_AT, TarEntry, tar_header, zip_seams};

use crate::finding::Step;

/// What is inside a packed stream, piece by piece.
pub(crate) trait Unpack: Send {
    /// Takes packed bytes and hands over what comes out, in pieces of bounded size, until `out` says that it is enough.
    ///
    /// Returns how the stream ended if it ended within the input.
    fn feed(&mut self, input: &[u8], out: &mut dyn FnMut(&[u8]) -> bool) -> Option<Ended>;

    /// Hands over what it has decoded and kept back, the stream around it having ended.
    fn end(&mut self, _out: &mut dyn FnMut(&[u8]) -> bool) {}
}

/// Where in its input a packed stream ended, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// How many bytes of the input it used.
    pub(crate) used: usize,
    pub(crate) how: End,
}

/// How a packed stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// As its format says.
    Whole,
    /// It is none of its format, or damaged.
    Broken,
    /// It asks for more memory than it gets.
    Refused,
    /// Nobody wants more of it.
    Enough,
}

impl End {
    pub(crate) fn at(self, used: usize) -> Option<Ended> {
        Some(Ended { used, how: self })
    }
}

/// A packed stream that begins somewhere.
pub(crate) struct Opened {
    pub(crate) step: Step,
    /// How many bytes precede the packed data.
    pub(crate) skip: usize,
    pub(crate) unpacker: Box<dyn Unpack>,
}

/// How a whole stream is encoded, as its carrier says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentEncoding {
    /// `gzip` and `x-gzip`.
    Gzip,
    /// `deflate`, with or without zlib's envelope.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// What packed streams begin with; of each at least the first three bytes.
pub(crate) const MAGICS: [&[u8]; 3] = [b"\x1f\x8b\x08", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"];

/// What one call hands over at most.
const PIECE: usize = 16 * 1024;

/// Whether a packed stream begins here; zlib's two bytes count only where they would not be chance.
pub(crate) fn opens(head: &[u8], zlib: bool) -> bool {
    MAGICS.iter().any(|magic| head.starts_with(magic)) || zlib && inflate::is_zlib(head)
}

/// Prepares to unpack what begins here, or says that this cannot be.
pub(crate) fn open(head: &[u8]) -> Option<Opened> {
    if let Some(skip) = inflate::gzip_header(head) {
        let unpacker = Box::new(inflate::Inflate::raw());
        return Some(Opened {
            step: Step::Gzip,
            skip,
            unpacker,
        });
    }
    if head.starts_with(b"\x28\xb5\x2f\xfd") {
        return Some(Opened {
            step: Step::Zstd,
            skip: 0,
            unpacker: Box::new(zstd::Zstd::new()),
        });
    }
    if inflate::is_zlib(head) {
        return Some(Opened {
            step: Step::Deflate,
            skip: 0,
            unpacker: Box::new(inflate::Inflate::zlib()),
        });
    }
    let entry = archive::zip_entry(head)?;
    let unpacker: Box<dyn Unpack> = match entry.method {
        archive::DEFLATED => Box::new(inflate::Inflate::raw()),
        archive::ZSTD => Box::new(zstd::Zstd::new()),
        // What is only stored is seen where it lies.
        _ => return None,
    };
    Some(Opened {
        step: Step::Zip(Arc::from(entry.name)),
        skip: entry.data_at,
        unpacker,
    })
}

impl ContentEncoding {
    pub(crate) fn step(self) -> Step {
        match self {
            Self::Gzip => Step::Gzip,
            Self::Deflate => Step::Deflate,
            Self::Brotli => Step::Brotli,
            Self::Zstd => Step::Zstd,
        }
    }

    pub(crate) fn unpacker(self) -> Box<dyn Unpack> {
        match self {
            Self::Gzip => Box::new(inflate::Gzip::new()),
            Self::Deflate => Box::new(inflate::Sniffed::new()),
            Self::Brotli => Box::new(brotli::Brotli::new()),
            Self::Zstd => Box::new(zstd::Zstd::new()),
        }
    }
}
