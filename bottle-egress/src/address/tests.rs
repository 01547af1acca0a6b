use std::net::IpAddr;

use super::*;
use crate::decide::tests::{get, policy, route};

fn check(addresses: &[&str], answers: &[&str]) -> Result<Vec<String>, Rule> {
    let mut route = route("a.example");
    route.addresses = addresses.iter().map(|range| range.parse().unwrap()).collect();
    let permit = get("https://a.example/").decide(&policy(vec![route])).unwrap();
    let answers: Vec<IpAddr> = answers.iter().map(|answer| answer.parse().unwrap()).collect();
    let checked = CheckedAddresses::check(&permit, &answers).map_err(|refusal| refusal.rule())?;
    Ok(checked.iter().map(|address| address.to_string()).collect())
}

#[test]
fn public_answers_are_dialled_in_their_order() {
    assert_eq!(
        check(&[], &["1.1.1.1", "2606:4700::1"]).unwrap(),
        ["1.1.1.1:443", "[2606:4700::1]:443"]
    );
}

#[test]
fn no_answer_is_no_address() {
    assert_eq!(check(&[], &[]), Err(Rule::Unresolved));
}

/// A name that points inside, at once or the next time it is asked, and one bad answer among good ones.
#[test]
fn rebinding_answers_are_refused() {
    for answers in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["1.1.1.1", "10.0.0.1"],
        &["::ffff:10.0.0.1"],
        &["64:ff9b::a00:1"],
        &["fd00::1"],
        &["0.0.0.0"],
    ] {
        assert_eq!(check(&[], answers), Err(Rule::Address), "{answers:?}");
    }
}

#[test]
fn the_hosts_own_addresses_are_refused_however_they_are_written() {
    for own in ["9.9.9.9", "::ffff:9.9.9.9", "64:ff9b::909:909"] {
        assert_eq!(check(&[], &[own]), Err(Rule::Address), "{own}");
    }
}

#[test]
fn a_route_reaches_what_it_names() {
    assert!(check(&["10.1.0.0/16"], &["10.1.2.3"]).is_ok());
    assert!(check(&["10.1.0.0/16"], &["::ffff:10.1.2.3"]).is_ok());
    assert!(check(&["9.9.9.9/32"], &["9.9.9.9"]).is_ok());
    assert_eq!(
        check(&["10.1.0.0/16"], &["10.1.2.3", "10.2.0.1"]),
        Err(Rule::Address)
    );
}
