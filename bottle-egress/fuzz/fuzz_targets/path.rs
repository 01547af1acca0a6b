//! Paths: settling one again changes nothing, and nothing is left that servers read differently.

#![no_main]

use bottle_egress::request::CanonicalPath;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(path) = CanonicalPath::parse(text) else { return };
    let again = CanonicalPath::parse(path.as_sent()).expect("a settled path is a path");
    assert_eq!((path.as_sent(), path.decoded()), (again.as_sent(), again.decoded()));
    assert!(path.as_sent().starts_with('/') && path.as_sent().is_ascii());
    let mut segments = path.decoded().split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        assert!(!matches!(segment, "." | ".."), "{text:?}");
        assert!(!segment.is_empty() || segments.peek().is_none(), "{text:?}");
    }
    assert!(!path.decoded().contains('\\'), "{text:?}");
});
