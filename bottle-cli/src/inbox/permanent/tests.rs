//! What is printed, read as a part of a bottle's file, is what was approved.

use std::fs;

use bottle_manifest::{Folders, ManifestRequest};
use bottle_plan::egress::{
    EgressPlan, HeaderMatch, HostName, HostPattern, PathMatch, Route, RouteMatch, RouteOwner, ValueMatch,
};
use bottle_supervise::{check, lower};
use bottle_wire::supervise::{Proposal, RouteChange};
use proptest::prelude::*;

use super::permanent;

/// The routes of a bottle whose file says this and nothing else.
fn routes_of(yaml: &str) -> Vec<Route> {
    let home = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("bottles/dev.md", format!("---\n{yaml}---\n")),
        ("agents/helper.md", "---\nbottle: dev\n---\nWork.\n".to_owned()),
    ] {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let folders = Folders {
        bottle_home: home.path().into(),
        user_home: home.path().into(),
        working: None,
    };
    let request = ManifestRequest {
        agent: "helper".parse().unwrap(),
        bottles: Vec::new(),
    };
    let manifest = folders
        .load(&request)
        .unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    assert!(manifest.inputs.secrets.is_empty(), "{yaml}");
    manifest.inputs.egress.routes
}

/// The routes that an approval puts in force, and those of the file that makes it permanent.
fn both(change: &RouteChange) -> (Vec<Route>, Vec<Route>) {
    let in_force = check(change, &EgressPlan::default()).unwrap().routes;
    let yaml = permanent(&Proposal::Routes(change.clone())).unwrap();
    (in_force, routes_of(&yaml))
}

#[test]
fn what_is_printed_stands_in_a_bottles_file_as_it_is() {
    let asked = lower::egress(&lower::EgressRequest {
        host: "api.example.com".to_owned(),
        paths: vec!["/v1".to_owned()],
        methods: vec!["GET".to_owned(), "HEAD".to_owned()],
        duration: Some("2h".to_owned()),
    });
    let asked = asked.unwrap();
    let yaml = permanent(&Proposal::Routes(asked.clone())).unwrap();
    insta::assert_snapshot!(yaml, @r#"
    egress:
      routes:
        - host: api.example.com
          matches: [{"paths":[{"type":"prefix","value":"/v1"}],"methods":["GET","HEAD"]}]
    "#);
    let (in_force, read) = both(&asked);
    assert_eq!(in_force, read);
    let api: HostName = "api.example.com".parse().unwrap();
    let expected = Route {
        matches: vec![RouteMatch {
            paths: vec![PathMatch::Prefix("/v1".to_owned())],
            methods: vec!["GET".parse().unwrap(), "HEAD".parse().unwrap()],
            headers: Vec::new(),
        }],
        ..Route::to(HostPattern::Exact(api), RouteOwner::Manifest)
    };
    assert_eq!(read, [expected]);
}

#[test]
fn a_change_that_adds_nothing_prints_nothing() {
    let removed = lower::routes("remove: [api.example.com]").unwrap();
    assert_eq!(permanent(&Proposal::Routes(removed)), None);
}

/// Hosts, with those that YAML takes for something else than text.
fn hosts() -> impl Strategy<Value = String> {
    let odd = [
        "null", "true", "no", "on", "y", "n", "0x1f", "1e5.", "0o17", "1.e-5", "inf",
    ];
    prop_oneof![
        proptest::sample::select(odd.to_vec()).prop_map(str::to_owned),
        "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z0-9]{1,6}){0,3}",
        "xn--[a-z0-9]{1,8}\\.example",
    ]
}

fn values() -> impl Strategy<Value = ValueMatch> {
    prop_oneof![
        "\\PC{0,12}".prop_map(ValueMatch::Exact),
        "[a-z.*?: #'\"{}-]{0,12}".prop_map(ValueMatch::Regex),
    ]
}

fn matches() -> impl Strategy<Value = RouteMatch> {
    let path = prop_oneof![
        "/\\PC{0,12}".prop_map(PathMatch::Prefix),
        "/\\PC{0,12}".prop_map(PathMatch::Exact),
        "/[a-z.*?: #'\"-]{0,12}".prop_map(PathMatch::Regex),
    ];
    let methods = proptest::sample::select(vec!["GET", "PUT", "PROPFIND"]);
    let header = ("x-[a-z]{1,6}", values()).prop_map(|(name, value)| HeaderMatch { name, value });
    let lists = (
        proptest::collection::vec(path, 0..3),
        proptest::collection::vec(methods, 0..2),
        proptest::collection::vec(header, 0..2),
    );
    lists.prop_map(|(paths, methods, headers)| RouteMatch {
        paths,
        methods: methods.iter().filter_map(|method| method.parse().ok()).collect(),
        headers,
    })
}

proptest! {
    #[test]
    fn whatever_can_be_proposed_is_printed_so_that_a_file_says_the_same(
        routes in proptest::collection::vec((hosts(), proptest::collection::vec(matches(), 0..3)), 1..4)
    ) {
        // As an agent proposes it, so that only what can be asked for is approved.
        let routes: Vec<_> = routes
            .iter()
            .map(|(host, matches)| match matches.is_empty() {
                true => serde_json::json!({"host": host}),
                false => serde_json::json!({"host": host, "matches": matches}),
            })
            .collect();
        let asked = lower::routes(&serde_json::json!({"routes": routes}).to_string());
        let change = asked.ok().filter(|change| check(change, &EgressPlan::default()).is_ok());
        if let Some(change) = change {
            let (in_force, read) = both(&change);
            prop_assert_eq!(in_force, read);
        }
    }
}
