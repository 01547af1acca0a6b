//! What holds for every input.

use std::sync::LazyLock;

use bottle_scan::{Budget, ContentEncoding, Finding, KnownSecrets, Parts, Scanner};
use bottle_util::Secret;

/// Scans the input whole and in pieces: nothing panics, and both find the same.
pub(crate) fn check(encodings: &[ContentEncoding], bytes: &[u8]) {
    // Hashing the known secrets takes a hundred times as long as scanning a small input.
    static SCANNER: LazyLock<Scanner> = LazyLock::new(scanner);
    let scanner = &*SCANNER;
    let whole = scan(scanner, encodings, bytes, bytes.len().max(1));
    let size = 1 + bytes.first().map_or(7, |first| usize::from(*first) * 3);
    assert_eq!(whole, scan(scanner, encodings, bytes, size), "in pieces of {size}");
    assert!(whole.iter().all(|finding| finding.offset <= bytes.len() as u64));
}

fn scan(scanner: &Scanner, encodings: &[ContentEncoding], bytes: &[u8], size: usize) -> Vec<Finding> {
    let mut stream = scanner.stream_encoded(encodings);
    let mut found = Vec::new();
    for (number, piece) in bytes.chunks(size).enumerate() {
        found.extend(stream.push(piece));
        if number == 1 {
            let _ = stream.peek();
        }
    }
    found.extend(stream.finish().findings);
    found
}

fn scanner() -> Scanner {
    let mut known = KnownSecrets::new([7; 32]);
    let secret = |value: &str| Secret::from(value.to_owned());
    known.add("long", &secret("tok_A1b2C3d4E5f6G7h8I9j0K1l2"), Parts::Long { prefix: 4 }).unwrap();
    known.add("any", &secret("correct-horse-battery-staple"), Parts::Any).unwrap();
    known.add("short", &secret("hunter42"), Parts::Any).unwrap();
    // Small enough that a slow input is a fault, and not only an expensive one.
    let budget = Budget { decoded: 4 << 20, ..Budget::default() };
    Scanner::new().with_known(known).with_budget(budget)
}
