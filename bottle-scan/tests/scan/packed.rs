//! Archives and packed streams.

use bottle_scan::{ContentEncoding, Finding, Limit, Scanner, Step};

use crate::support::{brotli, deflate, gzip, tar, token, zip, zlib, zstd};

const RULE: &str = "npm-access-token";

/// What does not pack is kept as it is, and would be seen without unpacking: so there is much that does.
fn text() -> Vec<u8> {
    let line = "first ".repeat(20);
    format!("{line}\nsecond {}\n", token(RULE, 1)).into_bytes()
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

fn step(encoding: ContentEncoding) -> Step {
    match encoding {
        ContentEncoding::Gzip => Step::Gzip,
        ContentEncoding::Deflate => Step::Deflate,
        ContentEncoding::Brotli => Step::Brotli,
        ContentEncoding::Zstd => Step::Zstd,
    }
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
fn what_follows_the_end_of_a_declared_stream_is_scanned() {
    use ContentEncoding::{Brotli, Deflate, Gzip, Zstd};
    for (encoding, packed) in [
        (Brotli, brotli(b"nothing")),
        (Deflate, zlib(b"nothing")),
        (Gzip, gzip(b"nothing")),
        (Zstd, zstd(b"nothing")),
    ] {
        let after = " ".repeat(200_000) + "\n";
        for after in ["\n", after.as_str()] {
            let bytes = [packed.as_slice(), after.as_bytes(), &text()].concat();
            let found = declared(&[encoding], &bytes);
            assert_eq!(found.len(), 1, "{encoding:?}");
            assert_eq!(found[0].chain, [], "{encoding:?}");
        }
    }
}

#[test]
fn a_declared_stream_that_is_none_is_scanned_as_it_is_and_reported() {
    use ContentEncoding::{Brotli, Gzip, Zstd};
    for encoding in [Brotli, Gzip, Zstd] {
        let mut stream = Scanner::new().stream_encoded(&[encoding]);
        stream.push(&[b"!!!!".as_slice(), &text()].concat());
        let outcome = stream.finish();
        assert_eq!(outcome.limits, [Limit::Broken], "{encoding:?}");
        assert_eq!(outcome.findings.len(), 1, "{encoding:?}");
    }
}

#[test]
fn a_stream_that_is_cut_short_is_scanned_as_far_as_it_goes() {
    use ContentEncoding::{Brotli, Deflate, Gzip, Zstd};
    let mut bytes = text();
    let mut draw = bottle_scan::rules::sample::Draw::new(9);
    bytes.extend((0..400_000).map(|_| draw.below(256) as u8));
    for (encoding, mut packed) in [
        (Brotli, brotli(&bytes)),
        (Deflate, zlib(&bytes)),
        (Gzip, gzip(&bytes)),
        (Zstd, zstd(&bytes)),
    ] {
        packed.truncate(packed.len() - 20_000);
        check(&declared(&[encoding], &packed), 2, &[step(encoding)]);
    }
}

#[test]
fn a_frame_that_is_to_be_skipped_hides_nothing() {
    let skipped = b"\x5a\x2a\x4d\x18\x03\0\0\0abc".as_slice();
    let packed = [skipped, &zstd(b"nothing\n"), skipped, &zstd(&text())].concat();
    check(&declared(&[ContentEncoding::Zstd], &packed), 3, &[Step::Zstd]);
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

/// The header of an entry with a name of one letter that is not packed.
fn stored_head() -> Vec<u8> {
    let mut head = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
    head.extend([0; 16]);
    head.extend(*b"\x01\0\0\0a");
    head
}

#[test]
fn what_an_archive_only_stores_is_seen() {
    let findings = Scanner::new().scan(&[stored_head(), text()].concat()).findings;
    assert_eq!(findings.len(), 1);
}

#[test]
fn what_touches_the_headers_of_an_archive_is_seen() {
    for rule in [RULE, "github-fine-grained-token", "anthropic-api-key"] {
        let token = token(rule, 1).into_bytes();
        for next in [*b"PK\x01\x02", *b"PK\x03\x04", *b"PK\x05\x06", *b"PK\x07\x08"] {
            let archive = [stored_head(), token.clone(), next.to_vec(), vec![0; 40]].concat();
            let findings = Scanner::new().scan(&archive).findings;
            let found: Vec<_> = findings
                .iter()
                .map(|one| (one.rule, one.offset, one.length))
                .collect();
            assert_eq!(found, [(rule, 31, token.len() as u64)], "before {next:?}");
        }
    }
}

#[test]
fn a_long_stream_is_unpacked_to_its_end() {
    let mut long = b"line of some text that packs well\n".repeat(30_000);
    long.extend(text());
    for packed in [gzip(&long), zstd(&long), zip("x", &long)] {
        // Some packers keep what does not pack, so that it is seen where it lies as well.
        let findings = Scanner::new().scan(&packed).findings;
        let unpacked = findings.iter().filter(|one| !one.chain.is_empty());
        assert_eq!(unpacked.map(|one| one.line).collect::<Vec<_>>(), [30_002]);
    }
}
