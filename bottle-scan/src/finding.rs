//! What is said about a secret: where it is and what kind, never what it is.

use std::fmt;
use std::sync::Arc;

/// One secret that was found. It holds no part of the value but a vendor's public prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that it fits; [`KNOWN_SECRET`] for a secret that was given beforehand.
    pub rule: &'static str,
    /// The name under which a known secret was given.
    pub name: Option<Arc<str>>,
    /// Where it begins in the stream, in bytes; encoded, where the encoded text does; packed, where the pack does.
    pub offset: u64,
    /// How many bytes of the stream it takes there; 0 if it is packed.
    pub length: u64,
    /// The line of the innermost file (pack, entry, stream) that its first byte is on, from 1.
    pub line: u64,
    /// What had to be undone to see it, the outermost first.
    pub chain: Vec<Step>,
    /// The vendor's prefix, if it has one, and asterisks.
    pub masked: String,
}

/// The rule of a secret that was given beforehand.
pub const KNOWN_SECRET: &str = "known-secret";

/// One encoding around a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// RFC 4648 base64, either alphabet, line breaks allowed.
    Base64,
    /// Pairs of hexadecimal digits.
    Hex,
    /// RFC 4648 base32, either case.
    Base32,
    /// Percent escapes of URLs and forms.
    Percent,
    /// Escapes of JSON, JavaScript and C strings.
    Escapes,
    /// A gzip stream (RFC 1952).
    Gzip,
    /// A deflate stream, bare or in zlib's envelope (RFC 1951, 1950).
    Deflate,
    /// A brotli stream (RFC 7932).
    Brotli,
    /// A Zstandard frame (RFC 8878).
    Zstd,
    /// An entry of a zip archive.
    Zip(Arc<str>),
    /// An entry of a tar archive.
    Tar(Arc<str>),
}

impl Step {
    /// Returns the encoding's name, without that of an entry.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Base32 => "base32",
            Self::Percent => "percent",
            Self::Escapes => "escapes",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Zip(_) => "zip",
            Self::Tar(_) => "tar",
        }
    }

    /// Returns the name of an archive's entry, as the archive spells it.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        match self {
            Self::Zip(entry) | Self::Tar(entry) => Some(entry),
            _ => None,
        }
    }

    /// Whether lines and offsets inside have nothing to do with those outside.
    pub(crate) fn is_packed(&self) -> bool {
        matches!(
            self,
            Self::Gzip | Self::Deflate | Self::Brotli | Self::Zstd | Self::Zip(_)
        )
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry() {
            Some(entry) => write!(formatter, "{}({entry:?})", self.name()),
            None => formatter.write_str(self.name()),
        }
    }
}

impl Finding {
    /// Whether the place is that of a pack, which may hold many.
    pub(crate) fn is_packed(&self) -> bool {
        self.chain.iter().any(Step::is_packed)
    }
}
