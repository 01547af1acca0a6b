//! Deflate, and what it comes wrapped in.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::{End, Ended, PIECE, Unpack};

/// One deflate stream.
pub(crate) struct Inflate(Box<InflateState>);

/// Gzip members, one after the other, from the first byte of a stream.
pub(crate) struct Gzip {
    head: Vec<u8>,
    member: Option<Inflate>,
    /// Bytes of a trailer that are still to come.
    trailer: usize,
    /// Whether there was a member.
    any: bool,
}

/// Deflate with or without an envelope; senders do not agree on what the word means.
pub(crate) struct Sniffed {
    head: Vec<u8>,
    inflate: Option<Inflate>,
}

/// The longest head of a gzip member that is read.
const LONGEST_HEAD: usize = 64 * 1024;

impl Inflate {
    pub(crate) fn raw() -> Self {
        Self(InflateState::new_boxed(DataFormat::Raw))
    }

    pub(crate) fn zlib() -> Self {
        Self(InflateState::new_boxed(DataFormat::ZLibIgnoreChecksum))
    }
}

impl Unpack for Inflate {
    fn feed(&mut self, input: &[u8], out: &mut dyn FnMut(&[u8]) -> bool) -> Option<Ended> {
        let mut piece = [0; PIECE];
        let mut used = 0;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            let result = inflate(&mut self.0, rest, &mut piece, MZFlush::None);
            used += result.bytes_consumed;
            let more = out(piece.get(..result.bytes_written).unwrap_or_default());
            let idle = result.bytes_consumed == 0 && result.bytes_written == 0;
            match result.status {
                Ok(MZStatus::Ok) if more && !idle => {}
                Ok(MZStatus::Ok) | Err(miniz_oxide::MZError::Buf) if more => return None,
                Ok(MZStatus::StreamEnd) => return End::Whole.at(used),
                _ if !more => return End::Enough.at(used),
                _ => return End::Broken.at(used),
            }
        }
    }
}

impl Gzip {
    pub(crate) fn new() -> Self {
        Self {
            head: Vec::new(),
            member: None,
            trailer: 0,
            any: false,
        }
    }
}

impl Unpack for Gzip {
    fn feed(&mut self, input: &[u8], out: &mut dyn FnMut(&[u8]) -> bool) -> Option<Ended> {
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            if let Some(member) = &mut self.member {
                let ended = member.feed(rest, out)?;
                used += ended.used;
                if ended.how != End::Whole {
                    return ended.how.at(used);
                }
                self.member = None;
                self.trailer = 8;
                self.any = true;
            } else if self.trailer > 0 {
                let skipped = self.trailer.min(rest.len());
                self.trailer -= skipped;
                used += skipped;
            } else {
                let before = self.head.len();
                self.head.extend(rest.iter().take(LONGEST_HEAD));
                match gzip_header(&self.head) {
                    Some(length) => {
                        used += length.saturating_sub(before);
                        self.head.clear();
                        self.member = Some(Inflate::raw());
                    }
                    None if may_grow(&self.head) => return None,
                    // What follows the last member is padding, and nothing to those who unpack it.
                    None if self.any => return End::Whole.at(used),
                    None => return End::Broken.at(used),
                }
            }
        }
        None
    }
}

impl Sniffed {
    pub(crate) fn new() -> Self {
        Self {
            head: Vec::new(),
            inflate: None,
        }
    }
}

impl Unpack for Sniffed {
    fn feed(&mut self, input: &[u8], out: &mut dyn FnMut(&[u8]) -> bool) -> Option<Ended> {
        if let Some(inflate) = &mut self.inflate {
            return inflate.feed(input, out);
        }
        let before = self.head.len();
        self.head.extend(input);
        if self.head.len() < 2 {
            return None;
        }
        let start = if is_zlib(&self.head) {
            Inflate::zlib()
        } else {
            Inflate::raw()
        };
        let head = std::mem::take(&mut self.head);
        let ended = self.inflate.insert(start).feed(&head, out)?;
        ended.how.at(ended.used.saturating_sub(before))
    }
}

/// Whether these are the first bytes of zlib's envelope (RFC 1950): deflate, a window that may be, the check bits.
pub(super) fn is_zlib(head: &[u8]) -> bool {
    match head {
        [method, flags, ..] => {
            let check = u16::from_be_bytes([*method, *flags]).is_multiple_of(31);
            method & 15 == 8 && method >> 4 <= 7 && flags & 0x20 == 0 && check
        }
        _ => false,
    }
}

/// The length of a gzip member's head (RFC 1952), if all of it is there.
pub(super) fn gzip_header(head: &[u8]) -> Option<usize> {
    let [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] = head else {
        return None;
    };
    let mut rest = rest;
    if flags & 0xe0 != 0 {
        return None;
    }
    if flags & 4 != 0 {
        let length = u16::from_le_bytes([*rest.first()?, *rest.get(1)?]);
        rest = rest.get(2 + usize::from(length)..)?;
    }
    // A name, then a comment.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = memchr::memchr(0, rest)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    Some(head.len() - rest.len())
}

fn may_grow(head: &[u8]) -> bool {
    head.len() < LONGEST_HEAD && head.iter().zip(b"\x1f\x8b\x08").all(|(is, wanted)| is == wanted)
}
