//! What routes mean, and every mistake in them.

use bottle_document::{Diagnostics, PathBase, RenderStyle, Source};
use bottle_plan::egress::{
    AuthScheme, Detectors, GuestAuth, LogDetail, OnMatch, OutboundDetector, PathMatch, WebSocketRule,
};
use proptest::prelude::*;

use crate::{EgressTable, read_document};

fn paths() -> PathBase {
    PathBase {
        folder: "/home/ada/.bot-bottle/bottles".into(),
        home: "/home/ada".into(),
    }
}

fn read(text: &str) -> (Option<EgressTable>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let table = read_document(&Source::new("routes.yaml", text), &paths(), &mut diagnostics);
    (table, diagnostics)
}

#[track_caller]
fn table(text: &str) -> EgressTable {
    let (table, diagnostics) = read(text);
    assert!(
        diagnostics.is_empty(),
        "{}",
        diagnostics.render(RenderStyle::plain())
    );
    table.expect("no mistakes")
}

/// A file with one route of these keys, one a line.
fn route(keys: &str) -> String {
    format!("egress:\n  routes:\n    - {}\n", keys.replace('\n', "\n      "))
}

#[track_caller]
fn check_codes(keys: &str, codes: &[&str]) {
    let (table, diagnostics) = read(&route(keys));
    let found: Vec<_> = diagnostics
        .sorted()
        .iter()
        .map(|diagnostic| diagnostic.code())
        .collect();
    assert_eq!(found, codes, "{}", diagnostics.render(RenderStyle::plain()));
    assert_eq!(table.is_some(), !diagnostics.has_errors());
    for diagnostic in diagnostics.sorted() {
        assert!(diagnostic.span().is_some(), "{diagnostic:?} has no place");
    }
}

const EVERYTHING: &str = "egress:
  log: 1
  resolve: ['registry.example.com:443:192.0.2.7:8443']
  upstream_ca: [{host: registry.example.com, file: ca.pem}, {host: b.example.com, file: ~/ca.pem}]
  routes:
    - host: API.Example.com
      ports: [443, 80, 8443]
      auth: {scheme: header, name: X-Api-Key, token_ref: EXAMPLE_TOKEN}
      matches:
        - paths: [{type: prefix, value: /v1/}, {type: exact, value: /}, {type: regex, value: '/v[12]/.*'}]
          methods: [get, POST]
          headers: [{name: X-Team, type: exact, value: blue}, {name: x-id, type: regex, value: '\\d+'}]
        - methods: [HEAD]
      git: {fetch: true, api_write: false}
      dlp: {outbound_detectors: [token_patterns, entropy], inbound_detectors: false, outbound_on_match: block}
      guest_auth: pass
      websocket: deny
      addresses: [10.0.0.0/8, 'fd00::/8', 192.0.2.7/32]
      limits: {body: 64m, requests_per_minute: 600}
    - host: '*.bücher.example'
    - host: other.example.com
      auth: {scheme: Bearer, token_ref: EXAMPLE_TOKEN}
    - host: third.example.com
      auth: {scheme: basic, token_ref: OTHER_TOKEN}
";

#[test]
fn every_key_reaches_the_plan() {
    let (table, diagnostics) = read(EVERYTHING);
    let codes: Vec<_> = diagnostics
        .sorted()
        .iter()
        .map(|diagnostic| diagnostic.code())
        .collect();
    assert_eq!(codes, ["auth-without-tls"]);
    insta::assert_debug_snapshot!(table.expect("no errors"));
}

#[test]
fn a_route_that_says_nothing_is_strict() {
    let table = table(&route("host: a.example.com"));
    let [only] = table.plan.routes.as_slice() else {
        panic!("one route")
    };
    assert_eq!(only.ports, [443]);
    assert_eq!(only.guest_auth, GuestAuth::Strip);
    assert_eq!(only.websocket, WebSocketRule::Allow);
    assert_eq!(only.dlp.on_match, OnMatch::Supervise);
    assert!(!only.git.fetch && !only.git.api_write);
    assert!(only.auth.is_none() && only.addresses.is_empty());
    assert_eq!(table.plan.log, LogDetail::Decisions);
}

#[test]
fn routes_name_slots_and_never_variables() {
    let (table, _) = read(EVERYTHING);
    let table = table.expect("no errors");
    let slots: Vec<_> = table
        .plan
        .routes
        .iter()
        .map(|route| route.auth.as_ref().map(|auth| auth.slot.as_str()))
        .collect();
    assert_eq!(
        slots,
        [
            Some("bottle-token-1"),
            None,
            Some("bottle-token-1"),
            Some("bottle-token-2")
        ]
    );
    assert!(!format!("{:?}", table.plan).contains("TOKEN"));
    assert_eq!(table.secrets.len(), 2);
}

#[test]
fn auth_schemes_are_spelled_one_way() {
    for (scheme, expected) in [
        ("Bearer", AuthScheme::Bearer),
        ("token", AuthScheme::Token),
        ("basic", AuthScheme::Basic),
    ] {
        let table = table(&route(&format!(
            "host: a.example.com\nauth: {{scheme: {scheme}, token_ref: T}}"
        )));
        assert_eq!(
            table.plan.routes[0].auth.as_ref().map(|auth| &auth.scheme),
            Some(&expected)
        );
    }
    check_codes(
        "host: a.example.com\nauth: {scheme: bearer, token_ref: T}",
        &["unknown-value"],
    );
}

#[test]
fn a_prefix_counts_segments() {
    let of = |value: &str| {
        let text = format!("host: a.example.com\nmatches: [{{paths: [{{type: prefix, value: '{value}'}}]}}]");
        table(&route(&text)).plan.routes[0].matches[0].paths[0].clone()
    };
    assert_eq!(of("/v1/"), PathMatch::Prefix("/v1".to_owned()));
    assert_eq!(of("/v1"), PathMatch::Prefix("/v1".to_owned()));
    assert_eq!(of("/"), PathMatch::Prefix("/".to_owned()));
}

#[test]
fn detectors_are_a_list_or_off() {
    let of = |value: &str| {
        let text = format!("host: a.example.com\ndlp: {{outbound_detectors: {value}}}");
        table(&route(&text)).plan.routes[0].dlp.outbound.clone()
    };
    assert_eq!(of("false"), Detectors::Off);
    assert_eq!(
        of("[known_secrets]"),
        Detectors::Only(vec![OutboundDetector::KnownSecrets])
    );
    check_codes(
        "host: a.example.com\ndlp: {outbound_detectors: true}",
        &["wrong-type"],
    );
    check_codes(
        "host: a.example.com\ndlp: {outbound_detectors: []}",
        &["empty-list"],
    );
    check_codes(
        "host: a.example.com\ndlp: {outbound_detectors: 'false'}",
        &["wrong-type"],
    );
}

#[test]
fn hosts_have_one_spelling() {
    check_codes("host: localhost", &[]);
    check_codes("host: 192.0.2.7", &[]);
    check_codes("host: '2001:db8::1'", &[]);
    check_codes("host: '*.example.co.uk'", &[]);
    check_codes("host: https://a.example.com/v1", &["bad-host"]);
    check_codes("host: a.example.com:443", &["bad-host"]);
    check_codes("host: a.example.com.", &["bad-host"]);
    check_codes("host: a b", &["bad-host"]);
    check_codes("host: 127.1", &["odd-address"]);
    check_codes("host: 0x7f000001", &["odd-address"]);
    check_codes("host: 2130706433", &["odd-address"]);
    check_codes("host: a.0x1", &["odd-address"]);
    check_codes("host: '*'", &["bad-wildcard"]);
    check_codes("host: 'a.*.example.com'", &["bad-wildcard"]);
    check_codes("host: '*.com'", &["public-suffix"]);
    check_codes("host: '*.github.io'", &["public-suffix"]);
    check_codes("host: '*.ck'", &["public-suffix"]);
}

#[test]
fn a_wildcard_never_has_auth() {
    check_codes(
        "host: '*.example.com'\nauth: {scheme: Bearer, token_ref: T}",
        &["wildcard-with-auth"],
    );
    check_codes(
        "host: '*.example.com'\nauth: {scheme: Baerer, token_ref: T}",
        &["wildcard-with-auth", "unknown-value"],
    );
}

#[test]
fn two_routes_for_one_host_are_a_mistake() {
    let two = |first: &str, second: &str| {
        format!("egress: {{routes: [{{host: '{first}'}}, {{host: '{second}'}}]}}")
    };
    let is_mistake = |first: &str, second: &str| read(&two(first, second)).1.has_errors();
    assert!(is_mistake("a.example.com", "A.EXAMPLE.com"));
    assert!(is_mistake("bücher.example", "xn--bcher-kva.example"));
    assert!(is_mistake("2001:db8::1", "2001:0db8:0::1"));
    assert!(!is_mistake("*.example.com", "a.example.com"));
    assert!(!is_mistake("*.example.com", "*.a.example.com"));
}

#[test]
fn an_empty_restriction_is_never_read_as_none() {
    for keys in [
        "matches: []",
        "ports: []",
        "matches: [{paths: []}]",
        "matches: [{methods: [], paths: []}]",
    ] {
        assert!(
            read(&route(&format!("host: a.example.com\n{keys}")))
                .1
                .has_errors(),
            "{keys}"
        );
    }
    check_codes("host: a.example.com\nmatches: [{}]", &["empty-match"]);
}

#[test]
fn paths_are_written_in_canonical_form() {
    for path in [
        "v1", "", "/v1?x=1", "/v1#x", "/v1/*", "/v%31", "/a//b", "/a/../b", "/./a", "/a;b", "/a\\\\b",
        "/a\\n",
    ] {
        for kind in ["prefix", "exact"] {
            let keys =
                format!("host: a.example.com\nmatches: [{{paths: [{{type: {kind}, value: \"{path}\"}}]}}]");
            check_codes(&keys, &["bad-path"]);
        }
    }
}

#[test]
fn a_secret_in_place_of_its_name_is_not_repeated() {
    for secret in [
        "sk-ant-api03-abc",
        "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6",
        "two words",
    ] {
        let keys = format!("host: a.example.com\nauth: {{scheme: Bearer, token_ref: {secret}}}");
        check_codes(&keys, &["not-a-variable"]);
        let keys = format!("{keys}\nunknown: key");
        assert!(
            !read(&route(&keys))
                .1
                .render(RenderStyle::plain())
                .contains(secret)
        );
    }
    let literal = "host: a.example.com\nauth: {scheme: Bearer, token: abc-def, token_ref: T}";
    check_codes(literal, &["literal-secret"]);
    assert!(
        !read(&route(literal))
            .1
            .render(RenderStyle::plain())
            .contains("abc-def")
    );
}

/// Every mistake once, as people see it.
const MISTAKES: &[&str] = &[
    "hsot: a.example.com",
    "host: https://a.example.com",
    "host: 127.1",
    "host: 'a*.example.com'",
    "host: '*.github.io'",
    "host: '*.example.com'\nauth: {scheme: Bearer, token_ref: T}",
    "host: a.example.com\nports: [0, 443, 443, 65536, https]",
    "host: a.example.com\nports: []",
    "host: a.example.com\nports: 443",
    "host: a.example.com\nports: [80]\nauth: {scheme: Bearer, token_ref: T}",
    "host: a.example.com\nauth: Bearer T",
    "host: a.example.com\nauth: {scheme: Baerer, token-ref: T}",
    "host: a.example.com\nauth: {scheme: header, token_ref: T}",
    "host: a.example.com\nauth: {scheme: token, token_ref: T, name: x-api-key}",
    "host: a.example.com\nauth: {scheme: header, token_ref: T, name: 'x api key'}",
    "host: a.example.com\nauth: {scheme: header, token_ref: T, name: Host}",
    "host: a.example.com\nauth: {scheme: Bearer, token_ref: sk-ant-oat01-xyz}",
    "host: a.example.com\nauth: {scheme: Bearer, token: abc-def, token_ref: T}",
    "host: a.example.com\nmatches: [{}]",
    "host: a.example.com\nmatches: [{path: /v1}]",
    "host: a.example.com\nmatches: []",
    "host: a.example.com\nmatches: [{paths: [/v1]}]",
    "host: a.example.com\nmatches: [{paths: [{type: glob, value: /v1}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: prefix}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: prefix, value: v1}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: prefix, value: /v1/*}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: exact, value: '/v1?a=b'}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: exact, value: /a%2fb}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: exact, value: /a/../b}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: exact, value: '/a;b'}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: regex, value: '/a(b'}]}]",
    "host: a.example.com\nmatches: [{paths: [{type: regex, value: '(((a{999}){999}){999})'}]}]",
    "host: a.example.com\nmatches: [{methods: [GTE, CONNECT, 'a b']}]",
    "host: a.example.com\nmatches: [{headers: [{name: 'x y', type: exact, value: a}, {name: x, type: exact, value: \"a\\nb\"}]}]",
    "host: a.example.com\ngit: {fetch: yes, push: true}",
    "host: a.example.com\ndlp: {outbound_detectors: [entropi], inbound_detectors: [entropy], outbound_on_match: ask}",
    "host: a.example.com\ndlp: {outbound_detectors: true}",
    "host: a.example.com\nguest_auth: keep",
    "host: a.example.com\nwebsocket: true",
    "host: a.example.com\naddresses: [10.0.0.1, 10.0.0.1/8, 0.0.0.0/0, '::ffff:10.0.0.0/104', everywhere]",
    "host: a.example.com\nlimits: {body: lots, requests_per_minute: 0, rate: 1}",
    "host: a.example.com\nrole: admin",
    "host: a.example.com\npath_allowlist: [/v1]",
];

#[test]
fn catalogue_of_mistakes_in_a_route() {
    let render = |keys: &&str| read(&route(keys)).1.render(RenderStyle::plain());
    let catalogue: Vec<String> = MISTAKES.iter().map(render).collect();
    insta::assert_snapshot!(catalogue.join("\n"));
}

#[test]
fn catalogue_of_mistakes_around_routes() {
    let texts = [
        "routes: []\n",
        "egress: []\n",
        "egress: {log: 3, rules: []}\n",
        "egress: {log: '1', path_allowlist: []}\n",
        "egress: {transparent: maybe}\n",
        "egress: {transparent: false}\n",
        "egress: {resolve: ['a:443', 'a:443:192.0.2.1', 'A:443:192.0.2.2']}\n",
        "egress: {upstream_ca: [{host: '*.example.com', file: $HOME/ca.pem}, {host: a}]}\n",
        "egress: {routes: [{host: a.example.com}, {host: A.example.com, ports: [8443]}]}\n",
    ];
    let catalogue: Vec<String> = texts
        .iter()
        .map(|text| read(text).1.render(RenderStyle::plain()))
        .collect();
    insta::assert_snapshot!(catalogue.join("\n"));
}

/// Routes that are nearly right, from keys and values that meet by chance.
fn route_like() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "a.example.com",
        "'*.example.com'",
        "'*.com'",
        "[443]",
        "[]",
        "{}",
        "true",
        "false",
        "deny",
        "pass",
        "''",
        "~",
        "{scheme: Bearer, token_ref: T}",
        "{scheme: header, name: x-key, token_ref: T}",
        "{fetch: true}",
        "1",
        "127.1",
        "[{paths: [{type: prefix, value: /v1}]}]",
        "[{methods: [GET]}]",
        "[10.0.0.0/8]",
        "{body: 1m}",
        "\"\\0\"",
    ]);
    let key = prop::sample::select(vec![
        "host",
        "ports",
        "auth",
        "matches",
        "git",
        "dlp",
        "guest_auth",
        "websocket",
        "addresses",
        "limits",
        "role",
        "x",
    ]);
    prop::collection::btree_map(key, value, 0..6).prop_map(|keys| {
        let lines: Vec<String> = keys
            .into_iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        route(&lines.join("\n"))
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), routes in route_like()) {
        for text in [text.as_str(), &format!("egress: {text}"), &routes] {
            read(text).1.render(RenderStyle::plain());
        }
    }

    #[test]
    fn a_table_without_mistakes_holds_the_rules(text in route_like()) {
        let (table, diagnostics) = read(&text);
        prop_assert_eq!(table.is_some(), !diagnostics.has_errors());
        for route in table.iter().flat_map(|table| &table.plan.routes) {
            prop_assert!(route.auth.is_none() || route.host.exact().is_some());
            prop_assert!(!route.ports.is_empty());
        }
    }
}
