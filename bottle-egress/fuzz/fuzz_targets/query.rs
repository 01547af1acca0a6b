//! Queries: no key is left once keys are taken out, and reading one again changes nothing.

#![no_main]

use bottle_egress::request::Query;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(query) = Query::parse(text) else { return };
    assert_eq!(Query::parse(query.as_str()).as_ref(), Ok(&query));
    let stripped = Query::parse(&query.without_keys()).expect("what is left is a query");
    assert!(!stripped.has_key(), "{text:?}");
    assert_eq!(stripped.has_signature(), query.has_signature(), "{text:?}");
    assert_eq!(stripped.has_method_override(), query.has_method_override(), "{text:?}");
    assert!(query.redacted().len() <= 2 * query.as_str().len() + 1);
});
