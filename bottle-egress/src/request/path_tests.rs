use super::*;

fn check(raw: &str, wanted: Result<&str, PathError>) {
    let parsed = CanonicalPath::parse(raw);
    assert_eq!(
        parsed.as_ref().map(CanonicalPath::as_sent),
        wanted.as_ref().copied(),
        "{raw:?}"
    );
}

#[test]
fn ordinary_paths_stay_as_they_are() {
    for path in [
        "/",
        "/v1/messages",
        "/a/b/",
        "/simple/pip/",
        "/a:b@c",
        "/a.b/..c/c..",
        "/a/!$&'()*+,=",
        "/a;v=1/b",
        "/caf%C3%A9",
        "/a%20b",
        "/libstdc%2B%2B6.deb",
        "/compare/main...dev",
    ] {
        check(path, Ok(path));
    }
}

#[test]
fn one_spelling_is_left() {
    check("/%61%2d%7E", Ok("/a-~"));
    check("/a%2b%c3%a9", Ok("/a%2B%C3%A9"));
    check("/{a}|\"", Ok("/%7Ba%7D%7C%22"));
    check("//a///b//", Ok("/a/b/"));
    check("/a/./b/../c", Ok("/a/c"));
    check("/a/%2e%2E/b", Ok("/b"));
    check("/a/b/..", Ok("/a/"));
    check("/a/.", Ok("/a/"));
    check("/100%25", Ok("/100%25"));
}

#[test]
fn double_encoded_path_refused() {
    for path in ["/%252e%252e/a", "/a%252fb", "/%2561", "/a%25u002fb", "/%25%32%65"] {
        check(path, Err(PathError::EncodedTwice));
    }
}

#[test]
fn dot_segments_that_servers_read_differently_are_refused() {
    for path in [
        "/..",
        "/../a",
        "/a/../../b",
        "/..;/a",
        "/a/..;x=1/b",
        "/a/.;/b",
        "/a/;/b",
        "/;a",
        "/.../a",
        "/a/..%20/b",
        "/a/%2e%2e%3b/b",
        "/a%2f..%2fb",
        "/a%2F",
        "/%2Fa",
        "/a%2f%2fb",
    ] {
        check(path, Err(PathError::DotSegment));
    }
}

#[test]
fn characters_without_a_place_in_a_path_are_refused() {
    for path in [
        "/a\\b",
        "/a%5cb",
        "/a%00",
        "/a%0d%0ab",
        "/a\u{7f}",
        "/a b",
        "/a#b",
        "/a?b",
        "/\u{e9}",
        "/%c0%af",
        "/%ff",
    ] {
        check(path, Err(PathError::Character));
    }
    for path in ["/%", "/%2", "/%zz", "/%u002f", "/a%+1"] {
        check(path, Err(PathError::Escape));
    }
    for path in ["", "a", "*", "%2fa"] {
        check(path, Err(PathError::NotAbsolute));
    }
}

#[test]
fn an_encoded_slash_is_kept_and_told() {
    let path = CanonicalPath::parse("/@scope%2fname").unwrap();
    assert_eq!(path.as_sent(), "/@scope%2Fname");
    assert_eq!(path.decoded(), "/@scope/name");
    assert!(path.has_encoded_separator());
    assert!(
        !CanonicalPath::parse("/@scope/name")
            .unwrap()
            .has_encoded_separator()
    );
}

#[test]
fn what_is_matched_is_decoded() {
    assert_eq!(
        CanonicalPath::parse("/a%20b/%C3%A9+").unwrap().decoded(),
        "/a b/é+"
    );
}

proptest::proptest! {
    #[test]
    fn settling_again_changes_nothing(raw in "/([a-c./;%]|%2[efEF5]|%5c|%25|//|\\PC){0,24}") {
        if let Ok(path) = CanonicalPath::parse(&raw) {
            let again = CanonicalPath::parse(path.as_sent());
            proptest::prop_assert_eq!(again.as_ref(), Ok(&path));
        }
    }

    #[test]
    fn no_canonical_path_climbs_or_doubles(raw in "/([a-c./;%]|%2[efEF5]|%5c|%25){0,24}") {
        if let Ok(path) = CanonicalPath::parse(&raw) {
            let inside: Vec<&str> = path.decoded().split('/').skip(1).collect();
            let (last, before) = inside.split_last().unwrap();
            proptest::prop_assert!(before.iter().all(|part| !matches!(*part, "" | "." | "..")));
            proptest::prop_assert!(!matches!(*last, "." | ".."));
        }
    }

    #[test]
    fn no_text_makes_it_panic(raw in "\\PC{0,64}") {
        let _ = CanonicalPath::parse(&raw);
    }
}
