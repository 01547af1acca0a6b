//! What stands around a token.

use bottle_scan::Scanner;

use crate::support::{found, token};

#[track_caller]
fn check(rule: &str, before: &str, after: &str) {
    let text = format!("{before}{}{after}", token(rule, 9));
    let all = found(text.as_bytes());
    assert!(all.iter().any(|(found, _)| *found == rule), "{text}: {all:?}");
}

#[test]
fn tokens_are_found_in_quotes_escapes_addresses_and_at_the_ends() {
    for rule in [
        "github-personal-token",
        "slack-bot-token",
        "stripe-secret-key",
        "gitlab-personal-token",
        "aws-access-key-id",
    ] {
        for (before, after) in [
            ("", ""),
            ("\"", "\""),
            ("\\n", "\\n"),
            ("\\\"", "\\\""),
            ("?t=", "&x=1"),
            ("https://u:", "@h/"),
            ("`", "`"),
            ("=", ";"),
            ("\u{1b}[31m", "\u{1b}[0m"),
        ] {
            check(rule, before, after);
        }
    }
}

#[test]
fn a_short_prefix_within_base64_is_chance() {
    for rule in [
        "facebook-access-token",
        "square-access-token",
        "cargo-registry-token",
    ] {
        let token = token(rule, 3);
        assert!(
            found(format!("token={token}&").as_bytes())
                .iter()
                .any(|(found, _)| *found == rule),
            "{rule}"
        );
        let inside = format!("\"q83v/{token}+Zg==\"");
        assert!(
            found(inside.as_bytes()).iter().all(|(found, _)| *found != rule),
            "{rule}"
        );
    }
}

#[test]
fn no_finding_shows_a_value() {
    for (rule, seed) in bottle_scan::rules::all().zip(0..) {
        let value = token(rule.id, seed);
        for finding in Scanner::new().scan(value.as_bytes()).findings {
            let shown = finding.masked.trim_end_matches('*');
            assert!(finding.masked.ends_with("********"), "{finding:?}");
            let known = bottle_scan::rules::all()
                .flat_map(|rule| rule.keywords)
                .any(|keyword| *keyword == shown);
            assert!(shown.is_empty() || known, "{finding:?}");
        }
    }
}

#[test]
fn one_token_is_one_finding() {
    let text = format!(
        "Authorization: Bearer {}\napi_key = \"{}\"\n",
        token("github-personal-token", 1),
        token("npm-access-token", 2)
    );
    let all: Vec<_> = found(text.as_bytes()).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(all, ["github-personal-token", "npm-access-token"]);
}

#[test]
fn a_peek_shows_what_a_push_holds_back() {
    let mut stream = Scanner::new().stream();
    assert_eq!(stream.push(token("github-personal-token", 4).as_bytes()), []);
    assert_eq!(stream.peek().len(), 1);
    assert_eq!(stream.peek().len(), 1);
    assert_eq!(stream.push(b" and more"), []);
    assert_eq!(stream.finish().findings.len(), 1);
}
