//! What an input may cost.

use std::time::{Duration, Instant};

use bottle_scan::{Budget, ContentEncoding, Limit, Outcome, Scanner};

use crate::support::{brotli, gzip, zip, zstd};

/// Generous for a build without optimisation on a machine that does other things.
const SOON: Duration = Duration::from_secs(60);

#[track_caller]
fn check(bytes: &[u8]) -> Outcome {
    let budget = Budget {
        decoded: 4 << 20,
        ..Budget::default()
    };
    let start = Instant::now();
    let outcome = Scanner::new().with_budget(budget).scan(bytes);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    outcome
}

#[test]
fn a_bomb_is_not_unpacked_to_its_end() {
    let zeros = vec![0; 48 << 20];
    for bomb in [gzip(&zeros), zstd(&zeros), zip("zeros", &zeros)] {
        assert_eq!(check(&bomb).limits, [Limit::Decoded]);
    }
}

#[test]
fn a_declared_bomb_is_not_unpacked_to_its_end() {
    let bomb = brotli(&vec![0; 48 << 20]);
    let budget = Budget {
        decoded: 1 << 20,
        ..Budget::default()
    };
    let mut stream = Scanner::new()
        .with_budget(budget)
        .stream_encoded(&[ContentEncoding::Brotli]);
    stream.push(&bomb);
    assert_eq!(stream.finish().limits, [Limit::Decoded]);
}

#[test]
fn a_bomb_in_a_bomb_is_not_unpacked_to_its_end() {
    let inner = gzip(&vec![b' '; 24 << 20]);
    assert_eq!(check(&gzip(&inner.repeat(64))).limits, [Limit::Decoded]);
}

#[test]
fn many_streams_inside_each_other_are_not_all_opened() {
    let nest = (0..20).fold(b"text".to_vec(), |inner, _| gzip(&inner));
    check(&nest);
    let heads = b"\"H4sIAAAAAAAAA\n\x1f\x8b\x08\0\0\0\0\0\0\x03".repeat(4000);
    check(&heads);
}

#[test]
fn repeated_keywords_do_not_take_long() {
    for text in [
        "eyJhbGciOi.",
        "ghp_",
        "-----BEGIN PRIVATE KEY-----\n",
        "https://a:",
        "api_key = ",
        "curl -u ",
        "machine a login b ",
    ] {
        check(text.repeat((1 << 20) / text.len()).as_bytes());
    }
}

#[test]
fn repeated_escapes_do_not_take_long() {
    for text in [
        "%41",
        "\\u0041",
        "\\x41",
        "\\/",
        "%25",
        "\\\\",
        "QUFB",
        "4141",
        "IFBEG===",
        "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n",
    ] {
        check(text.repeat((256 << 10) / text.len()).as_bytes());
    }
}
