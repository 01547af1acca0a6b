//! What would have allowed a refusal.

use bottle_wire::supervise::{Denial, LiveRoute};

/// Says in words what was refused, why, and what the agent can do about it.
#[must_use]
pub fn explain(denial: &Denial, table: &[LiveRoute]) -> String {
    let Denial {
        id,
        host,
        port,
        method,
        path,
        rule,
        ..
    } = denial;
    let covered = table.iter().any(|route| route.host.covers(host));
    let advice = match rule.as_str() {
        "not-listed" if covered => "a route covers the host by now: try again".to_owned(),
        "not-listed" if *port == 443 || method == "RESOLVE" => {
            format!("no route covers the host: call request_egress with host {host:?}")
        }
        "not-listed" => "no route covers the host, and only port 443 can be asked for".to_owned(),
        "port" | "no-match" | "git-fetch" | "forge-write" | "body-size" | "rate" | "address" | "signed-write" => {
            "a route covers the host and does not allow this; only a person can change it, in the bottle's file".to_owned()
        }
        "git-push" => "push to the repository's git gate remote instead".to_owned(),
        "plain-text" => "use https".to_owned(),
        _ => "asking cannot change this; the request itself has to be another one".to_owned(),
    };
    format!("refusal {id}: {method} {host}:{port}{path} was refused by the rule {rule}; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rule: &str, port: u16) -> String {
        let denial = Denial {
            id: 4,
            time: 0,
            host: "new.example.com".to_owned(),
            port,
            method: "GET".to_owned(),
            path: "/v1".to_owned(),
            rule: rule.to_owned(),
        };
        explain(&denial, &[])
    }

    #[test]
    fn advice_is_what_asking_can_really_do() {
        assert!(said("not-listed", 443).contains("call request_egress with host \"new.example.com\""));
        assert!(said("not-listed", 22).contains("only port 443"));
        assert!(said("no-match", 443).contains("only a person"));
        assert!(said("malformed", 443).contains("asking cannot change this"));
    }
}
