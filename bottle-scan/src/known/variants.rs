//! All encodings of a value that a search for it alone must know, at all alignments.

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};

use super::SHORTEST;

/// Returns the value and its encodings, each once; edges that depend on what surrounds it are left out.
pub(super) fn of(value: &[u8]) -> Vec<Vec<u8>> {
    let mut variants = vec![value.to_vec()];
    for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
        variants.extend((0..3).map(|shift| aligned(value, encoding, shift, 6)));
    }
    for shift in 0..5 {
        let upper = aligned(value, &BASE32_NOPAD, shift, 5);
        variants.push(upper.to_ascii_lowercase());
        variants.push(upper);
    }
    for digits in [HEXLOWER.encode(value), HEXUPPER.encode(value)] {
        variants.push(escaped(&digits, "%"));
        variants.push(escaped(&digits, "\\x"));
        variants.push(escaped(&digits, "\\u00"));
        variants.push(escaped(&digits, " ").split_off(1));
        variants.push(escaped(&digits, ":").split_off(1));
        variants.push(digits.into_bytes());
    }
    variants.push(form_encoded(value));
    variants.push(json_escaped(value, false));
    variants.push(json_escaped(value, true));
    variants.push(value.iter().flat_map(|byte| [*byte, 0]).collect());
    variants.push(value.iter().rev().copied().collect());
    variants.retain(|variant| variant.len() >= SHORTEST);
    variants.sort_unstable();
    variants.dedup();
    variants
}

/// The letters that stand for nothing but the value when so many bytes precede it.
fn aligned(value: &[u8], encoding: &Encoding, shift: usize, bits: usize) -> Vec<u8> {
    let text = encoding.encode(&[&vec![0; shift], value].concat()).into_bytes();
    let first = (shift * 8).div_ceil(bits);
    let end = (shift + value.len()) * 8 / bits;
    text.get(first..end).unwrap_or_default().to_vec()
}

fn escaped(digits: &str, before: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .flat_map(|pair| [before.as_bytes(), pair].concat())
        .collect()
}

/// As forms and URLs have it: what RFC 3986 does not reserve stays.
fn form_encoded(value: &[u8]) -> Vec<u8> {
    let encode = |byte: &u8| match byte {
        b'-' | b'.' | b'_' | b'~' => vec![*byte],
        byte if byte.is_ascii_alphanumeric() => vec![*byte],
        byte => format!("%{byte:02X}").into_bytes(),
    };
    value.iter().flat_map(encode).collect()
}

/// As JSON strings have it; some writers escape the slash too.
fn json_escaped(value: &[u8], slash: bool) -> Vec<u8> {
    let encode = |byte: &u8| match byte {
        b'"' | b'\\' => vec![b'\\', *byte],
        b'/' if slash => vec![b'\\', b'/'],
        b'\n' => b"\\n".to_vec(),
        b'\t' => b"\\t".to_vec(),
        b'\r' => b"\\r".to_vec(),
        _ => vec![*byte],
    };
    value.iter().flat_map(encode).collect()
}
