use super::*;

fn check(text: &str, canonical: &str) {
    assert_eq!(
        text.parse::<HostPattern>().map(|p| p.to_string()).as_deref(),
        Ok(canonical),
        "{text}"
    );
}

fn refused(text: &str) {
    assert!(text.parse::<HostPattern>().is_err(), "{text:?} should be refused");
}

#[test]
fn case_and_script_do_not_matter() {
    check("API.Example.COM", "api.example.com");
    check("*.Bücher.example", "*.xn--bcher-kva.example");
    check("xn--bcher-kva.example", "xn--bcher-kva.example");
}

#[test]
fn addresses_have_one_spelling() {
    check("192.0.2.7", "192.0.2.7");
    check("[2001:DB8::1]", "2001:db8::1");
    for odd in [
        "192.0.2.07",
        "0x7f.1",
        "127.1",
        "2130706433",
        "1.2.3.4.5",
        "example.0x7f",
        "a.1",
        "[::1%25lo]",
    ] {
        refused(odd);
    }
}

#[test]
fn what_is_no_host_is_refused() {
    for text in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a b",
        "a/b",
        "a:80",
        "-a.example",
        "a@b",
        "a\0b",
        "xn--a.example",
        "*",
    ] {
        refused(text);
    }
    refused(&format!("{}.example", "a".repeat(64)));
}

#[test]
fn a_wildcard_is_the_whole_first_label() {
    for text in [
        "a*.example.com",
        "*a.example.com",
        "a.*.com",
        "*.*.example.com",
        "*.192.0.2.1",
        "**.example.com",
    ] {
        refused(text);
    }
}

#[test]
fn nobody_opens_a_public_suffix() {
    for text in [
        "*.com",
        "*.co.uk",
        "*.github.io",
        "*.s3.amazonaws.com",
        "*.ck",
        "*.kawasaki.jp",
    ] {
        refused(text);
    }
    check("*.example.co.uk", "*.example.co.uk");
}

#[test]
fn suffix_does_not_match_a_lookalike_domain() {
    let pattern: HostPattern = "*.example.com".parse().unwrap();
    assert!(pattern.covers("a.b.example.com"));
    for host in [
        "example.com",
        "badexample.com",
        ".example.com",
        "example.com.evil.test",
        "a.example.com.evil.test",
    ] {
        assert!(!pattern.covers(host), "{host}");
    }
}

#[test]
fn a_pattern_prints_as_it_reads() {
    proptest::proptest!(|(text in "(\\*\\.)?[a-zA-Z0-9.:\\[\\]äß_-]{1,40}")| {
        if let Ok(pattern) = text.parse::<HostPattern>() {
            proptest::prop_assert_eq!(pattern.to_string().parse::<HostPattern>(), Ok(pattern));
        }
    });
}
