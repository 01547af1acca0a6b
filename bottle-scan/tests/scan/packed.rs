//! Archives and packed streams.

use bottle_scan::{ContentEncoding, Finding, Scanner, Step};

use crate::support::{brotli, deflate, gzip, tar, token, zip, zlib, zstd};

const RULE: &str = "npm-access-token";

fn text() -> Vec<u8> {
    format!("first\nsecond {}\n", token(RULE, 1)).into_bytes()
}

#[track_caller]
fn check(findings: &[Finding], line: u64, chain: &[Step]) {
    let summary: Vec<_> = findings
        .iter()
        .map(|one| (one.rule, one.line, one.chain.as_slice()))
        .collect();
    assert_eq!(summary, [(RULE, line, chain)]);
}

fn declared(encodings: &[ContentEncoding], bytes: &[u8]) -> Vec<Finding> {
    let mut stream = Scanner::new().stream_encoded(encodings);
    let mut found = stream.push(bytes);
    found.extend(stream.finish().findings);
    found
}

#[test]
fn each_content_encoding_is_undone() {
    use ContentEncoding::{Brotli, Deflate, Gzip, Zstd};
    check(&declared(&[Gzip], &gzip(&text())), 2, &[Step::Gzip]);
    check(&declared(&[Deflate], &zlib(&text())), 2, &[Step::Deflate]);
    check(&declared(&[Deflate], &deflate(&text())), 2, &[Step::Deflate]);
    check(&declared(&[Brotli], &brotli(&text())), 2, &[Step::Brotli]);
    check(&declared(&[Zstd], &zstd(&text())), 2, &[Step::Zstd]);
    check(
        &declared(&[Gzip, Brotli], &brotli(&gzip(&text()))),
        2,
        &[Step::Brotli, Step::Gzip],
    );
}

#[test]
fn a_second_member_of_gzip_is_read() {
    let two = [gzip(b"nothing\n"), gzip(&text())].concat();
    check(&declared(&[ContentEncoding::Gzip], &two), 3, &[Step::Gzip]);
    check(&Scanner::new().scan(&two).findings, 2, &[Step::Gzip]);
}

#[test]
fn entries_of_archives_have_names_and_lines_of_their_own() {
    let archive = tar(&[("a.txt", b"x\ny\n"), ("dir/b.env", &text())]);
    check(
        &Scanner::new().scan(&archive).findings,
        2,
        &[Step::Tar("dir/b.env".into())],
    );
    check(
        &Scanner::new().scan(&gzip(&archive)).findings,
        2,
        &[Step::Gzip, Step::Tar("dir/b.env".into())],
    );
    let archive = [zip("n", b"nothing"), zip("dir/c", &text())].concat();
    check(
        &Scanner::new().scan(&archive).findings,
        2,
        &[Step::Zip("dir/c".into())],
    );
}

#[test]
fn what_an_archive_only_stores_is_seen() {
    let mut head = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
    head.extend([0; 16]);
    head.extend(*b"\x01\0\0\0a");
    let findings = Scanner::new().scan(&[head, text()].concat()).findings;
    assert_eq!(findings.len(), 1);
}

#[test]
fn a_long_stream_is_unpacked_to_its_end() {
    let mut long = b"line of some text that packs well\n".repeat(30_000);
    long.extend(text());
    for packed in [gzip(&long), zstd(&long), zip("x", &long)] {
        let findings = Scanner::new().scan(&packed).findings;
        assert_eq!(findings.iter().map(|one| one.line).collect::<Vec<_>>(), [30_002]);
    }
}
