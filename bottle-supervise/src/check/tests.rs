use super::*;
use bottle_plan::egress::{AuthScheme, RouteAuth};
use proptest::prelude::*;

fn pattern(text: &str, slot: bool) -> Route {
    let mut route = Route::to(text.parse().unwrap(), RouteOwner::Manifest);
    route.auth = slot.then(|| RouteAuth {
        scheme: AuthScheme::Bearer,
        slot: "bottle-1".parse().unwrap(),
    });
    route
}

fn table(routes: &[(&str, bool)]) -> EgressPlan {
    EgressPlan {
        routes: routes.iter().map(|(host, slot)| pattern(host, *slot)).collect(),
        ..EgressPlan::default()
    }
}

fn add(hosts: &[&str]) -> RouteChange {
    RouteChange {
        add: hosts.iter().map(|host| proposed(host)).collect(),
        ..RouteChange::default()
    }
}

fn proposed(host: &str) -> ProposedRoute {
    ProposedRoute {
        host: host.parse().unwrap(),
        matches: Vec::new(),
    }
}

fn remove(host: &str) -> RouteChange {
    RouteChange {
        remove: vec![host.parse().unwrap()],
        ..RouteChange::default()
    }
}

#[test]
fn a_host_that_no_route_covers_is_added_with_the_defaults() {
    let live = table(&[("api.example.com", true)]);
    let made = check(&add(&["new.example.com"]), &live).unwrap();
    assert_eq!(made.routes[0], live.routes[0]);
    let expected = Route::to("new.example.com".parse().unwrap(), RouteOwner::Manifest);
    assert_eq!(made.routes[1..], [expected]);
}

#[test]
fn what_a_change_cannot_do_is_refused_with_the_reason() {
    let live = table(&[
        ("api.example.com", true),
        ("*.wide.example.com", false),
        ("in.wide.example.com", false),
        ("plain.example.com", false),
    ]);
    for (change, said) in [
        (
            add(&["api.example.com"]),
            "covered by the route for api.example.com",
        ),
        (
            add(&["x.wide.example.com"]),
            "covered by the route for *.wide.example.com",
        ),
        (
            add(&["plain.example.com"]),
            "covered by the route for plain.example.com",
        ),
        (add(&["a.example.com", "a.example.com"]), "named twice"),
        (add(&["10.0.0.1"]), "is an address"),
        (RouteChange::default(), "nothing is proposed"),
        (remove("api.example.com"), "carries a credential"),
        (remove("in.wide.example.com"), "would decide about it"),
        (remove("nowhere.example.com"), "no route for exactly"),
        (
            RouteChange {
                minutes: Some(0),
                ..add(&["a.example.com"])
            },
            "between 1 and",
        ),
    ] {
        let refused = check(&change, &live).unwrap_err().to_string();
        assert!(refused.contains(said), "{change:?}: {refused}");
    }
    let both = RouteChange {
        remove: vec!["plain.example.com".parse().unwrap()],
        ..add(&["plain.example.com"])
    };
    assert!(check(&both, &live).is_err());
    assert_eq!(
        check(&remove("plain.example.com"), &live).unwrap().routes.len(),
        3
    );
}

/// The route that decides about a host, as egress does it: the most specific that covers it.
fn decides<'a>(plan: &'a EgressPlan, host: &'a HostName) -> Option<&'a Route> {
    covering(host, plan).max_by_key(|route| route.host.specificity())
}

const LABELS: [&str; 4] = ["a", "b", "api", "xn--bcher-kva"];

fn host() -> impl Strategy<Value = String> {
    let label = || prop::sample::select(LABELS.to_vec());
    (
        prop::collection::vec(label(), 0..3),
        prop::sample::select(vec!["example.com", "example.org"]),
    )
        .prop_map(|(labels, domain)| [labels.join("."), domain.to_owned()].join("."))
        .prop_map(|text| text.trim_start_matches('.').to_owned())
}

fn plan() -> impl Strategy<Value = EgressPlan> {
    let route =
        (host(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(host, wild, slot, narrow)| {
            let mut route = pattern(&if wild { format!("*.{host}") } else { host }, slot && !wild);
            route.ports = if narrow { vec![80, 8443] } else { vec![443] };
            route
        });
    prop::collection::vec(route, 0..8).prop_map(|mut routes| {
        routes.sort_by_key(|route| route.host.clone());
        routes.dedup_by_key(|route| route.host.clone());
        EgressPlan {
            routes,
            ..EgressPlan::default()
        }
    })
}

fn change() -> impl Strategy<Value = RouteChange> {
    let hosts = || prop::collection::vec(host(), 0..3);
    (hosts(), hosts()).prop_map(|(added, removed)| RouteChange {
        add: added.iter().map(|host| proposed(host)).collect(),
        remove: removed.iter().map(|host| host.parse().unwrap()).collect(),
        minutes: None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn proposal_cannot_widen_or_shadow_auth_route(
        live in plan(), change in change(), hosts in prop::collection::vec(host(), 12),
    ) {
        let Ok(made) = check(&change, &live) else { return Ok(()) };
        let with_auth = |plan: &EgressPlan| -> Vec<Route> {
            plan.routes.iter().filter(|route| route.auth.is_some()).cloned().collect()
        };
        prop_assert_eq!(with_auth(&made), with_auth(&live));
        let added: Vec<HostName> = change.add.iter().map(|route| route.host.clone()).collect();
        let named = hosts.iter().map(|host| host.parse().unwrap());
        for host in named.chain(added.iter().cloned()).chain(change.remove.iter().cloned()) {
            let (before, after) = (decides(&live, &host), decides(&made, &host));
            if added.contains(&host) {
                let plain = after.is_some_and(|route| route.auth.is_none() && route.ports == [443]);
                prop_assert!(before.is_none() && plain, "{}", host);
            } else if change.remove.contains(&host) {
                prop_assert!(after.is_none(), "{}", host);
            } else {
                prop_assert_eq!(before, after, "{}", host);
            }
        }
        prop_assert_eq!(EgressPlan { routes: Vec::new(), ..made }, EgressPlan { routes: Vec::new(), ..live });
    }
}
