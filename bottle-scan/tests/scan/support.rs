//! Tokens that are no one's, texts around them, and encoders.

use std::io::Write;

use bottle_scan::rules::{self, sample};
use bottle_scan::{Finding, Scanner};
use data_encoding::{BASE32, BASE64, BASE64URL_NOPAD, HEXLOWER};

/// A token of a rule, other each time the seed is.
pub(crate) fn token(rule: &str, seed: u64) -> String {
    let rule = rules::all().find(|one| one.id == rule).expect("no such rule");
    sample::expand(rule, rule.finds[0], &mut sample::Draw::new(seed))
}

/// What is found in a text: the rule, and the names of the steps.
pub(crate) fn found(text: &[u8]) -> Vec<(&'static str, Vec<&'static str>)> {
    let outcome = Scanner::new().scan(text);
    assert_eq!(outcome.limits, []);
    let steps = |finding: &Finding| finding.chain.iter().map(bottle_scan::Step::name).collect();
    outcome
        .findings
        .iter()
        .map(|finding| (finding.rule, steps(finding)))
        .collect()
}

/// The name of a step, and what does it.
#[derive(Clone, Copy)]
pub(crate) struct Encoder(pub(crate) &'static str, pub(crate) fn(&[u8]) -> Vec<u8>);

/// The encodings of text.
pub(crate) const TEXT: [Encoder; 7] = [
    Encoder("base64", |bytes| BASE64.encode(bytes).into_bytes()),
    Encoder("base64", |bytes| BASE64URL_NOPAD.encode(bytes).into_bytes()),
    Encoder("base64", mime),
    Encoder("hex", |bytes| HEXLOWER.encode(bytes).into_bytes()),
    Encoder("base32", |bytes| BASE32.encode(bytes).into_bytes()),
    Encoder("percent", |bytes| {
        bytes
            .iter()
            .flat_map(|byte| format!("%{byte:02x}").into_bytes())
            .collect()
    }),
    Encoder("escapes", |bytes| {
        bytes
            .iter()
            .flat_map(|byte| format!("\\u{byte:04x}").into_bytes())
            .collect()
    }),
];

/// The packers.
pub(crate) const PACKED: [Encoder; 4] = [
    Encoder("gzip", gzip),
    Encoder("deflate", zlib),
    Encoder("zstd", zstd),
    Encoder("zip", |bytes| zip("a/b.txt", bytes)),
];

/// Base64 in lines of 76 letters.
fn mime(bytes: &[u8]) -> Vec<u8> {
    let text = BASE64.encode(bytes);
    text.as_bytes().chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..])
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(bytes, 6)
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let head = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03name\0";
    [
        head,
        deflate(bytes).as_slice(),
        &[0; 4],
        &(bytes.len() as u32).to_le_bytes(),
    ]
    .concat()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, 5, 20);
    writer.write_all(bytes).expect("memory takes everything");
    drop(writer);
    packed
}

/// One entry, its local header and its data; nobody needs the rest.
pub(crate) fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut head = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
    head.extend([0; 16]);
    head.extend((name.len() as u16).to_le_bytes());
    head.extend([0; 2]);
    [head.as_slice(), name.as_bytes(), &deflate(bytes)].concat()
}

pub(crate) fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, *bytes)
            .expect("memory takes everything");
    }
    builder.into_inner().expect("memory takes everything")
}
