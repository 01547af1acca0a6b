use super::*;

fn ask(
    host: &str,
    paths: &[&str],
    methods: &[&str],
    duration: Option<&str>,
) -> Result<RouteChange, LowerError> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let request = EgressRequest {
        host: host.to_owned(),
        paths: words(paths),
        methods: words(methods),
        duration: duration.map(str::to_owned),
    };
    egress(&request)
}

#[test]
fn a_host_is_settled_as_in_a_bottle_file() {
    let change = ask("BÜCHER.example.com", &["/v1/"], &["get"], Some("2h")).unwrap();
    assert_eq!(change.add[0].host.as_str(), "xn--bcher-kva.example.com");
    assert_eq!(change.minutes, Some(120));
    let text = render(&change);
    let again = routes(&text).unwrap();
    assert_eq!(
        again,
        RouteChange {
            minutes: None,
            ..change
        }
    );
}

#[test]
fn a_host_that_yaml_takes_for_something_else_is_rendered_as_text() {
    let odd = [
        "null",
        "true",
        "no",
        "y",
        "1.e5",
        "1e5",
        "example",
        "3d.example.com",
        "inf.example",
    ];
    for host in odd {
        let change = routes(&format!("routes: [{{host: {host:?}}}]\nremove: [{host:?}]")).unwrap();
        let text = render(&change);
        assert_eq!(routes(&text), Ok(change), "{text}");
    }
}

#[test]
fn words_that_are_no_proposal_are_refused() {
    for (host, paths, methods, duration) in [
        ("*.example.com", &[][..], &[][..], None),
        ("a b", &[], &[], None),
        ("a.example.com\nauth: x", &[], &[], None),
        ("a.example.com", &["v1"], &[], None),
        ("a.example.com", &["/a/../b"], &[], None),
        ("a.example.com", &[], &["CONNECT"], None),
        ("a.example.com", &[], &[], Some("forever")),
        ("a.example.com", &[], &[], Some("0")),
        ("a.example.com", &[], &[], Some("+5m")),
        ("a.example.com", &[], &[], Some("999999h")),
    ] {
        let refused = ask(host, paths, methods, duration);
        assert!(
            refused.is_err(),
            "{host} {paths:?} {methods:?} {duration:?}: {refused:?}"
        );
    }
    assert!(matches!(
        routes(&"#".repeat(PROPOSAL_BYTES + 1)),
        Err(LowerError::TooLong)
    ));
}

#[test]
fn a_document_may_say_host_and_matches_only() {
    let said = "routes:\n  - host: a.example.com\n    matches: [{paths: [{type: exact, value: /x}]}]\nremove: [b.example.com]\n";
    let change = routes(said).unwrap();
    assert_eq!((change.add.len(), change.remove.len()), (1, 1));
    for more in [
        "auth: {scheme: Bearer, token_ref: HOME}",
        "ports: [443, 22]",
        "git: {fetch: true}",
        "dlp: {outbound_detectors: false}",
        "guest_auth: pass",
        "addresses: [10.0.0.0/8]",
        "limits: {body: 1m}",
        "websocket: deny",
    ] {
        let refused = routes(&format!("routes:\n  - host: a.example.com\n    {more}\n"));
        assert!(
            matches!(refused, Err(LowerError::MoreThanAHost(_))),
            "{more}: {refused:?}"
        );
    }
    assert!(routes("egress: {}\n").is_err());
}

proptest::proptest! {
    #[test]
    fn no_words_make_lowering_panic(host in ".*", path in ".*", yaml in ".*") {
        let _ = ask(&host, &[&path], &[], None);
        let _ = routes(&yaml);
    }
}
