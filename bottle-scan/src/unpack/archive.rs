//! What archives say about their entries.

use std::ops::Range;
use std::sync::Arc;

/// Where in a tar header its magic stands (POSIX.1-1988 and later).
pub(crate) const TAR_MAGIC_AT: usize = 257;

/// A tar entry's name, and where its contents lie in the stream.
#[derive(Debug, Clone)]
pub(crate) struct TarEntry {
    pub(crate) name: Arc<str>,
    pub(crate) contents: Range<u64>,
    /// The line of the stream that its first byte is on, from 0.
    pub(crate) line: u64,
}

/// A zip entry's local header (APPNOTE 4.3.7).
pub(super) struct ZipEntry {
    pub(super) name: String,
    pub(super) method: u16,
    pub(super) data_at: usize,
}

pub(super) const DEFLATED: u16 = 8;
pub(super) const ZSTD: u16 = 93;

/// The longest name that is kept.
const LONGEST_NAME: usize = 1024;

pub(super) fn zip_entry(head: &[u8]) -> Option<ZipEntry> {
    let number = |at: usize| Some(u16::from_le_bytes([*head.get(at)?, *head.get(at + 1)?]));
    let encrypted = number(6)? & 1 == 1;
    if !head.starts_with(b"PK\x03\x04") || encrypted {
        return None;
    }
    let name_length = usize::from(number(26)?);
    let name = head.get(30..30 + name_length.min(LONGEST_NAME))?;
    Some(ZipEntry {
        name: String::from_utf8_lossy(name).into_owned(),
        method: number(8)?,
        data_at: 30 + name_length + usize::from(number(28)?),
    })
}

/// Where the parts of zip archives meet, sorted: what touches there belongs to different files, or to none. What is only
/// stored lies between them as it is.
pub(crate) fn zip_seams(bytes: &[u8]) -> Vec<usize> {
    let mut seams = Vec::new();
    for at in memchr::memmem::find_iter(bytes, b"PK") {
        let head = bytes.get(at..).unwrap_or_default();
        // Local header, descriptor, central header, end (APPNOTE 4.3.7, 4.3.9, 4.3.12, 4.3.16).
        if !matches!(
            head,
            [_, _, 3, 4, ..] | [_, _, 7, 8, ..] | [_, _, 1, 2, ..] | [_, _, 5, 6, ..]
        ) {
            continue;
        }
        seams.push(at);
        let entry = zip_entry(head).map(|entry| at + entry.data_at);
        seams.extend(entry.filter(|data| *data < bytes.len()));
    }
    seams.sort_unstable();
    seams
}

/// Reads a tar header, whose own checksum must fit.
pub(crate) fn tar_header(header: &[u8]) -> Option<(Arc<str>, u64)> {
    let header = header.get(..512)?;
    let blanked = |(at, byte): (usize, &u8)| {
        if (148..156).contains(&at) {
            32
        } else {
            u64::from(*byte)
        }
    };
    let sum: u64 = header.iter().enumerate().map(blanked).sum();
    if octal(header.get(148..156)?)? != sum {
        return None;
    }
    let text = |range: Range<usize>| {
        let field = header.get(range).unwrap_or_default();
        let end = memchr::memchr(0, field).unwrap_or(field.len());
        String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
    };
    let (name, prefix) = (text(0..100), text(345..500));
    let posix = header.get(257..263) == Some(b"ustar\0");
    let name = if posix && !prefix.is_empty() {
        format!("{prefix}/{name}")
    } else {
        name
    };
    Some((Arc::from(name), octal(header.get(124..136)?)?))
}

fn octal(field: &[u8]) -> Option<u64> {
    let mut digits = field
        .iter()
        .skip_while(|byte| **byte == b' ')
        .take_while(|byte| matches!(byte, b'0'..=b'7'));
    digits.try_fold(0u64, |sum, digit| {
        sum.checked_mul(8)?.checked_add(u64::from(digit - b'0'))
    })
}
