//! Which past refusals a change would have allowed, by the code that enforces it.

use bottle_egress::request::{Authority, CanonicalPath, Query, RequestFacts, Scheme, ServerName, Upgrade};
use bottle_egress::{Policy, decide};
use bottle_plan::egress::{EgressPlan, HostName};
use bottle_supervise::check;
use bottle_wire::event::RequestEvent;
use bottle_wire::supervise::RouteChange;

/// What events call the question for a name; a host that is opened has one.
const RESOLVE: &str = "RESOLVE";

/// Returns those refusals that a change would have allowed. What an event does not say (header fields, bodies) is taken
/// to be absent.
#[must_use]
pub fn replay<'a>(change: &RouteChange, refusals: &'a [RequestEvent]) -> Vec<&'a RequestEvent> {
    let added = RouteChange {
        remove: Vec::new(),
        ..change.clone()
    };
    let policy = check(&added, &EgressPlan::default())
        .ok()
        .and_then(|plan| Policy::compile(plan, &Default::default(), &[]).ok());
    match policy {
        Some(policy) => refusals
            .iter()
            .filter(|refused| allows(&policy, refused))
            .collect(),
        None => Vec::new(),
    }
}

fn allows(policy: &Policy, refused: &RequestEvent) -> bool {
    let Ok(host) = refused.host.parse::<HostName>() else {
        return false;
    };
    if refused.method == RESOLVE {
        return policy.route(&host).is_some();
    }
    let path = refused.path.split('?').next().unwrap_or_default();
    let (Ok(path), Ok(method)) = (CanonicalPath::parse(path), refused.method.parse()) else {
        return false;
    };
    let authority = Authority::new(host, refused.port);
    let facts = RequestFacts {
        scheme: Scheme::Https,
        authority: &authority,
        server_name: ServerName::Named(authority.host()),
        host: &authority,
        method: &method,
        path: &path,
        query: &Query::default(),
        headers: &Default::default(),
        upgrade: Upgrade::None,
        body: Some(0),
        content: None,
    };
    decide(policy, &facts).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bottle_supervise::lower::routes;
    use bottle_wire::event::Verdict;

    fn refused(method: &str, host: &str, port: u16, path: &str) -> RequestEvent {
        RequestEvent {
            host: host.to_owned(),
            port,
            method: method.to_owned(),
            path: path.to_owned(),
            verdict: Verdict::Refused,
            rule: "not-listed".to_owned(),
            status: None,
            sent: 0,
            received: 0,
            milliseconds: 0,
            headers: Vec::new(),
        }
    }

    #[test]
    fn only_what_the_change_would_have_let_through_counts() {
        let past = [
            refused("GET", "a.example.com", 443, "/v1/x?q=…"),
            refused("POST", "a.example.com", 443, "/v1/x"),
            refused("GET", "a.example.com", 443, "/v2"),
            refused("GET", "a.example.com", 22, "/v1"),
            refused("GET", "b.example.com", 443, "/v1"),
            refused("RESOLVE", "a.example.com", 53, ""),
            refused("GET", "\u{1b}[2J", 443, "/"),
        ];
        let yaml = "routes: [{host: a.example.com, matches: [{paths: [{type: prefix, value: /v1}], methods: [GET]}]}]";
        let change = routes(yaml).unwrap();
        let allowed: Vec<_> = replay(&change, &past)
            .into_iter()
            .map(|past| &past.method)
            .collect();
        assert_eq!(allowed, ["GET", "RESOLVE"]);
    }
}
