//! The first lines of a bundle (gitformat-bundle(5)), read as bytes that nobody vouches for.

use std::io::{self, BufRead};

/// What the lines before the pack say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// How objects are named: `sha1` or `sha256`.
    pub(super) format: &'static str,
    /// The commit that was asked for.
    pub(super) tip: String,
    /// How many bytes the lines have; the pack follows.
    pub(super) length: u64,
}

/// Says why a guest's bundle is not used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It cannot be read back.
    #[error("cannot read what the guest wrote")]
    Read(#[from] io::Error),
    /// It is none.
    #[error("the guest's git did not write a bundle: {0}")]
    Malformed(&'static str),
    /// It leaves out objects.
    #[error("the guest's bundle is not complete: it builds on commits that it leaves out")]
    Incomplete,
    /// It does not hold what was asked for.
    #[error("the guest's bundle does not hold {0}")]
    Missing(String),
}

/// The most bytes before the pack.
const MOST_HEADER: u64 = 64 << 10;

/// Reads the lines before the pack. Nothing of them is used but the one object that was asked for.
pub(super) fn read(input: impl BufRead, wanted: &str) -> Result<Header, BundleError> {
    let mut input = input.take(MOST_HEADER);
    let mut line = Vec::new();
    let mut format = "sha1";
    let newer = match next(&mut input, &mut line)? {
        b"# v2 git bundle" => false,
        b"# v3 git bundle" => true,
        _ => return Err(BundleError::Malformed("its first line says something else")),
    };
    let mut tip = None;
    loop {
        match next(&mut input, &mut line)? {
            b"" => break,
            [b'@', capability @ ..] if newer => format = self::format(capability)?,
            [b'-', ..] => return Err(BundleError::Incomplete),
            reference => {
                let (object, name) = split(reference)?;
                if name == wanted.as_bytes() {
                    tip = Some(object.to_owned());
                }
            }
        }
    }
    let tip = tip.ok_or_else(|| BundleError::Missing(wanted.to_owned()))?;
    if tip.len() != object_length(format) {
        return Err(BundleError::Malformed("an object's name has the wrong length"));
    }
    Ok(Header {
        format,
        tip,
        length: MOST_HEADER - input.limit(),
    })
}

/// Tells whether a text is the full name of an object.
pub(super) fn is_object(text: &str) -> bool {
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    matches!(text.len(), 40 | 64) && text.bytes().all(hexadecimal)
}

fn object_length(format: &str) -> usize {
    if format == "sha256" { 64 } else { 40 }
}

fn next<'a>(input: &mut impl BufRead, line: &'a mut Vec<u8>) -> Result<&'a [u8], BundleError> {
    line.clear();
    input.read_until(b'\n', line)?;
    match line.split_last() {
        Some((b'\n', line)) => Ok(line),
        _ => Err(BundleError::Malformed(
            "it ends before its objects, or they do not begin",
        )),
    }
}

fn format(capability: &[u8]) -> Result<&'static str, BundleError> {
    match capability {
        b"object-format=sha1" => Ok("sha1"),
        b"object-format=sha256" => Ok("sha256"),
        [b'f', b'i', b'l', b't', b'e', b'r', b'=', ..] => Err(BundleError::Incomplete),
        _ => Err(BundleError::Malformed("it needs something that is not known")),
    }
}

fn split(line: &[u8]) -> Result<(&str, &[u8]), BundleError> {
    let wrong = BundleError::Malformed("a line is none of a bundle's");
    let Some(space) = line.iter().position(|byte| *byte == b' ') else {
        return Err(wrong);
    };
    let (object, name) = line.split_at(space);
    match std::str::from_utf8(object) {
        Ok(object) if is_object(object) => Ok((object, name.get(1..).unwrap_or_default())),
        _ => Err(wrong),
    }
}

#[cfg(test)]
mod tests;
